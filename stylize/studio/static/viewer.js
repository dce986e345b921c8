// The result: before/after with a handle, actions, and the history of this visit.
// value: {before, after, live, width, height, note, look, query, scene} | {forgotten} | null; the scene
// counts contents and regions. Events: settled (a live picture rests), past {look, scene} (from the
// history), reuse, png, jpeg.
Studio.viewer = ({ element, props, trigger, watch }) => {
  const { make, button, text } = Studio;
  const before = make("img", { class: "st-before", alt: text("before_alt"), draggable: "false" });
  const after = make("img", { class: "st-after", alt: text("after_alt"), draggable: "false" });
  const handle = make("input", { type: "range", min: 0, max: 100, step: 0.5, value: 0, class: "st-handle", "aria-label": text("compare"), title: text("compare_hint") });
  const stage = make("div", { class: "st-stage", hidden: true }, before, after, make("div", { class: "st-line", "aria-hidden": "true" }, make("span", {}, Studio.icon("compare"))), handle);
  const title = make("p", { class: "st-empty-title" }, text("empty_title"));
  const words = make("p", {}, text("empty_text"));
  const empty = make("div", { class: "st-empty", role: "status" }, title, words);
  const note = make("span", { class: "st-note", role: "status", "aria-live": "polite" });
  const act = (event) => () => trigger(event, {});
  const undo = button("undo", "undo", () => step(-1), { disabled: true });
  const actions = [
    undo,
    button("full", "fullscreen", () => (document.fullscreenElement ? document.exitFullscreen() : frame.requestFullscreen())),
    button("link", "copy_link", () => copyLink()),
    button("reuse", "use_as_content", act("reuse"), { words: true }),
    button("download", "download_jpeg", act("jpeg"), { words: true }),
    button("download", "download_png", act("png"), { words: true, class: "st-button st-primary" }),
  ];
  const bar = make("div", { class: "st-bar", role: "toolbar", "aria-label": text("result_actions"), hidden: true }, note, ...actions);
  const strip = make("div", { class: "st-history", role: "group", "aria-label": text("history"), hidden: true });
  const line = make("p", { class: "st-queue", role: "status", "aria-live": "polite", hidden: true });
  const frame = make("div", { class: "st-frame" }, empty, stage, line);
  element.replaceChildren(make("div", { class: "st-viewer" }, frame, bar, strip));

  const history = [];
  let place = -1;
  let shown = null;
  const settle = Studio.later(() => trigger("settled", {}), 320);

  const compare = () => stage.style.setProperty("--cut", `${handle.value}%`);
  handle.addEventListener("input", compare);
  handle.addEventListener("dblclick", () => { handle.value = 0; compare(); });

  // The clipboard needs a secure page; on a plain LAN address the link stays in the address bar.
  const copyLink = () => {
    window.history.replaceState(null, "", `${location.pathname}?${shown.query}`);
    const said = () => { note.textContent = text("link_copied"); };
    if (navigator.clipboard) navigator.clipboard.writeText(location.href).then(said, said);
    else said();
  };

  const paint = (value) => {
    shown = value;
    if (value.before && before.src !== value.before) before.src = value.before;
    after.src = value.after;
    stage.style.setProperty("--ratio", `${value.width} / ${value.height}`);
    stage.style.setProperty("--tall", value.width / value.height);
    stage.hidden = bar.hidden = false;
    empty.hidden = true;
    note.textContent = value.note || "";
  };

  const remember = (value) => {
    const same = history[place] && JSON.stringify(history[place].look) === JSON.stringify(value.look) && history[place].scene === value.scene;
    if (same) { history[place] = value; return; }
    history.push(value);
    if (history.length > 24) history.shift();
    place = history.length - 1;
    drawStrip();
  };

  const drawStrip = () => {
    strip.replaceChildren(...history.map((entry, index) =>
      make("button", { type: "button", class: "st-past", "aria-label": text("history_entry", { n: index + 1 }), "aria-current": index === place ? "true" : null, onclick: () => go(index) }, make("img", { src: entry.after, alt: "" }))));
    strip.hidden = history.length < 2;
    undo.disabled = place < 1;
    const current = strip.children[place];
    if (current) strip.scrollLeft = current.offsetLeft - strip.clientWidth / 2;
  };
  const go = (index) => {
    place = index;
    const entry = history[index];
    paint(entry);
    drawStrip();
    trigger("past", { look: entry.look, scene: entry.scene });
  };
  const step = (by) => { if (history[place + by]) go(place + by); };

  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "z" || /^(INPUT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "range") return;
    if (element.offsetParent === null) return;
    event.preventDefault();
    step(-1);
  });

  const show = () => {
    const value = props.value;
    if (!value || !value.after) {
      const forgotten = Boolean(value && value.forgotten && shown);
      title.textContent = text(forgotten ? "forgotten_title" : "empty_title");
      words.textContent = text(forgotten ? "forgotten_text" : "empty_text");
      stage.hidden = bar.hidden = true;
      empty.hidden = false;
      return;
    }
    // A result that was under way when its scene was left: showing it would bring the scene back.
    const here = history[place];
    if (here && value.scene !== here.scene && history.some((entry) => entry.scene === value.scene)) return;
    paint(value);
    if (value.live) settle();
    else remember(value);
  };
  watch("value", show);
  Studio.queue(element, (place) => {
    line.hidden = !place;
    line.textContent = place ? text("queue_place", { n: place }) : "";
  });
  show();
};
