// The teacher's page: the code first, then a live wall of what was handed in. It asks the routes of
// wall_routes.py itself, since the queue may be full of children. Its pass goes in a header: an address
// that held it would be in logs.
Studio.wall = ({ element }) => {
  const { make, button, icon, text } = Studio;
  const everyMs = 3000;
  const base = `${Studio.gradio.root()}/studio/class`;
  let pass = null;
  let shown = []; // [{key, number}]

  // ------------------------------------------------------------------------------------ the code
  const field = make("input", { type: "text", id: "teacher-code", autocomplete: "off", autocapitalize: "off", spellcheck: "false", required: true, maxlength: 40 });
  const refused = make("p", { class: "st-content-line", role: "alert", hidden: true });
  const door = make("form", { class: "st-panel st-wall-door", onsubmit: (event) => { event.preventDefault(); enter(); } },
    make("label", { for: "teacher-code" }, text("teacher_code")),
    make("div", { class: "st-wall-row" }, field, make("button", { type: "submit", class: "st-button st-primary" }, text("teacher_open"))), refused);
  const refuse = (words) => { refused.textContent = words; refused.hidden = !words; };
  const enter = async () => {
    const headers = { "Content-Type": "application/json", "X-Studio-Language": Studio.language };
    const answer = await fetch(base, { method: "POST", headers, body: JSON.stringify({ code: field.value }) }).catch(() => null);
    if (!answer) { refuse(text("connection_lost")); return; }
    const said = await answer.json();
    if (!answer.ok) { refuse(said.error); field.select(); return; }
    refuse("");
    pass = said.pass;
    field.value = "";
    open(true);
    look();
  };

  // ------------------------------------------------------------------------------------ the wall
  const count = make("p", { class: "st-wall-count", role: "status" });
  const per = make("select", { "aria-label": text("teacher_per_page") }, ...[1, 2, 4, 9].map((n) => make("option", { value: n, selected: n === 4 }, text("teacher_per_page_n", { n }))));
  const print = button("print", "kids_print", () => printAll(), { words: true });
  const zip = button("download", "teacher_zip", () => save(), { words: true, class: "st-button st-primary" });
  const wipe = button("trash", "teacher_wipe", () => { if (window.confirm(text("teacher_sure_all", { n: shown.length }))) remove(""); }, { words: true, class: "st-button st-danger" });
  const bar = make("div", { class: "st-wall-bar" }, count, zip, make("span", { class: "st-wall-print" }, per, print), wipe);
  const grid = make("div", { class: "st-wall-grid" });
  const empty = make("p", { class: "st-wall-empty" }, text("teacher_empty"));
  const room = make("div", { class: "st-wall-room", hidden: true }, bar, empty, grid);
  const large = make("img", { alt: "" });
  const dialog = make("dialog", { class: "st-large", "aria-label": text("result") }, large, button("close", "close", () => dialog.close()));
  element.replaceChildren(make("div", { class: "st-wall" }, make("h1", {}, text("teacher_title")), door, room, dialog));

  const open = (on) => {
    door.hidden = on;
    room.hidden = !on;
    (on ? zip : field).focus();
  };
  const name = (number) => text("teacher_picture", { n: number });
  const thumbnail = (key) => {
    const image = make("img", { alt: "" });
    show(image, `${key}?small`);
    return image;
  };
  const card = ({ key, number }) => make("figure", { class: "st-wall-card", "data-key": key },
    make("button", { type: "button", class: "st-wall-picture", "aria-label": name(number), onclick: () => { show(large, key); large.alt = name(number); dialog.showModal(); } },
      thumbnail(key)),
    make("figcaption", {}, make("span", {}, name(number)),
      make("button", { type: "button", class: "st-button st-icon-only", "aria-label": `${text("remove")}: ${name(number)}`, title: text("remove"), onclick: () => { if (window.confirm(text("teacher_sure_one", { n: number }))) remove(key); } }, icon("trash"))));
  const draw = (items) => {
    shown = items;
    const keys = new Set(items.map(({ key }) => key));
    const cards = new Map([...grid.children].map((one) => [one.dataset.key, one]));
    cards.forEach((one, key) => { if (!keys.has(key)) { forget(one); one.remove(); } });
    items.forEach((item) => { if (!cards.has(item.key)) grid.prepend(card(item)); }); // the newest first
    const words = text("teacher_number", { n: items.length });
    if (count.textContent !== words) count.textContent = words;
    empty.hidden = items.length > 0;
    [zip, print, wipe, per].forEach((one) => { one.disabled = !items.length; });
  };

  let turn = 0;
  const ask = async (path, method) => {
    const answer = await fetch(base + path, { method, headers: { "X-Studio-Pass": pass } }).catch(() => null);
    if (answer && answer.status === 403) { pass = null; draw([]); open(false); refuse(text("teacher_again")); }
    return answer && answer.ok ? answer : null;
  };
  const fetched = async (name) => {
    const answer = await ask(`/${name}`, "GET");
    return answer && URL.createObjectURL(await answer.blob());
  };
  const show = async (image, name) => {
    URL.revokeObjectURL(image.src);
    image.removeAttribute("src");
    image.dataset.wanted = name;
    const url = await fetched(name);
    if (image.dataset.wanted !== name) { URL.revokeObjectURL(url); return; } // another one, meanwhile
    if (!url) return;
    image.src = url;
    await image.decode().catch(() => {});
  };
  const forget = (part) => part.querySelectorAll("img").forEach((image) => URL.revokeObjectURL(image.src));
  const save = async () => {
    const url = await fetched("class.zip");
    if (!url) return;
    Studio.save({ url, orig_name: "class.zip" });
    setTimeout(() => URL.revokeObjectURL(url), 60000); // once it is saved
  };
  const look = async () => {
    const mine = (turn += 1);
    const answer = pass && !document.hidden ? await ask("", "GET") : null;
    if (answer) draw(await answer.json());
    if (pass && mine === turn) setTimeout(() => { if (mine === turn) look(); }, everyMs);
  };
  const remove = async (key) => { await ask(key && `/${key}`, "DELETE"); look(); };
  document.addEventListener("visibilitychange", () => { if (pass && !document.hidden) look(); });

  // --------------------------------------------------------------------------------------- print
  // Sheets of A4 that only a printer sees.
  const printAll = async () => {
    const each = Number(per.value);
    const ready = [];
    const printed = ({ key, number }) => {
      const image = make("img", { alt: name(number) });
      ready.push(show(image, key));
      return image;
    };
    const sheets = make("div", { class: "st-sheets", "data-each": each });
    for (let at = 0; at < shown.length; at += each) {
      sheets.append(make("section", {}, ...shown.slice(at, at + each).map((one) => make("figure", {}, printed(one), make("figcaption", {}, String(one.number))))));
    }
    document.querySelectorAll(".st-sheets").forEach((old) => { forget(old); old.remove(); });
    document.body.append(sheets);
    await Promise.all(ready);
    window.addEventListener("afterprint", () => { forget(sheets); sheets.remove(); }, { once: true });
    window.print();
  };
  draw([]);
  Studio.opened();
};
