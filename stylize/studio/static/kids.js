// The children's page: three steps (make, pick, done), large targets, hardly any words.
// props.styles: at most 12; props.wall: whether a teacher collects results; props.minutes: retention;
// props.device: nothing is sent, the device itself paints.
// props.elsewhere: where a device that can paint is sent to; "?server" in the address keeps it here.
// value to the server: {drawing, style, freedom}; from it: {picture} or {failed}.
// Events: submit (paint), clear (delete now), upload (give to the teacher), select (the next child begins).
Studio.kids = ({ element, props, trigger, watch }) => {
  if (props.elsewhere && Studio.canPaint() && !new URLSearchParams(location.search).has("server")) {
    location.replace(props.elsewhere);
    return;
  }
  const { make, icon, text, big } = Studio;
  const pad = new Studio.Pad({ width: 960, height: 720, colors: Studio.CRAYONS, sizes: [10, 24, 56], size: 1, paper: "#ffffff", big: true });
  let picture = null;
  let painted = null;
  let waiting = false;

  const fileInput = make("input", { type: "file", accept: "image/*", capture: "environment", hidden: true, onchange: () => { if (fileInput.files[0]) photo(fileInput.files[0]); fileInput.value = ""; } });
  const sorry = make("p", { class: "st-kid-sorry", role: "status", hidden: true }, text("kids_unreadable"));
  // The photo is drawn small onto a canvas: place and time inside the file never leave the tablet.
  const photo = async (source) => {
    const bitmap = await createImageBitmap(source, { imageOrientation: "from-image" }).catch(() => null);
    sorry.hidden = bitmap !== null;
    if (!bitmap || steps[0].hidden) return;
    const scale = Math.min(1, 960 / Math.max(bitmap.width, bitmap.height));
    const copy = document.createElement("canvas");
    copy.width = Math.max(16, Math.round(bitmap.width * scale));
    copy.height = Math.max(16, Math.round(bitmap.height * scale));
    copy.getContext("2d").drawImage(bitmap, 0, 0, copy.width, copy.height);
    pad.change({ width: copy.width, height: copy.height, strokes: [], backdrop: copy.toDataURL("image/jpeg", 0.92) });
    pad.onlift();
  };
  Studio.take = photo; // what is pasted or dropped

  const camera = Studio.camera(photo, () => fileInput.click(), (on) => { making.hidden = on; });
  const next = big("check", "kids_next", () => { picture = pad.data(); go(1); }, "st-go");
  const ready = () => { next.disabled = pad.blank; };
  pad.onlift = () => { ready(); Studio.session.keep("drawing", pad.blank ? null : pad.state); };

  const making = make("div", { class: "st-kid-step" }, pad.element, sorry, make("div", { class: "st-kid-actions" }, big("camera", "kids_camera", () => camera.open()), next));

  let freedom = "painted";
  const freedoms = make("div", { class: "st-kid-freedoms", role: "group", "aria-label": text("kids_freedom") });
  const drawFreedoms = () => Studio.rebuild(freedoms, ...["near", "painted", "wild"].map((name) => make("button", { type: "button", class: "st-kid-freedom", "aria-pressed": String(name === freedom), "aria-label": text(`kids_${name}`), title: text(`kids_${name}`), onclick: () => { freedom = name; drawFreedoms(); } }, icon(name))));

  const tiles = make("div", { class: "st-kid-tiles" });
  const drawTiles = () => tiles.replaceChildren(...(props.styles || []).map((style) => make("button", { type: "button", class: "st-kid-tile", "aria-label": Studio.titleOf(style), onclick: () => paint(style.name) }, make("img", { src: Studio.styles.thumb(style), alt: "" }))));

  const shown = make("img", { class: "st-kid-result", alt: text("after_alt") });
  const words = make("p", {}, text("kids_wait"));
  const wait = make("div", { class: "st-kid-wait", role: "status" }, make("div", { class: "st-kid-dots", "aria-hidden": "true" }, make("i"), make("i"), make("i")), words);
  const give = big("plus", "kids_give", () => { give.disabled = true; sent.hidden = false; trigger("upload", {}); });
  give.hidden = !props.wall;
  const sent = make("p", { class: "st-kid-sorry", role: "status", hidden: true }, text("kids_sent"));
  const before = big("compare", "kids_before", () => compare(before.ariaPressed !== "true"));
  const compare = (on) => { before.ariaPressed = String(on); shown.src = on ? picture : painted; };
  const saveHere = big("download", "save", () => { make("a", { href: painted, download: "picture.jpg" }).click(); });
  const done = make("div", { class: "st-kid-actions" },
    big("again", "kids_again", () => go(1), "st-go"), big("brush", "kids_new", () => { if (window.confirm(text("kids_sure_new"))) { trigger("select", {}); fresh(); } }), before, saveHere, big("print", "kids_print", () => window.print()), give,
    big("trash", "kids_delete", () => { if (window.confirm(text("kids_sure_delete"))) { trigger("clear", {}); fresh(); } }, "st-danger"),
    sent);

  const steps = [
    make("section", { class: "st-kid-step" }, making, camera.element, fileInput),
    make("section", { class: "st-kid-step" }, make("div", { class: "st-kid-actions" }, big("undo", "kids_back", () => go(0)), freedoms), tiles),
    make("section", { class: "st-kid-step" }, make("div", { class: "st-kid-show" }, shown, wait), done),
  ];
  const marks = ["brush", "like", "check"].map((name, index) => make("li", {}, icon(name), make("span", { class: "st-sr" }, text("kids_step", { n: index + 1 }))));
  const privacy = make("p", { class: "st-kid-notice" }, text(!props.device ? "kids_privacy" : props.wall ? "kids_privacy_wall" : "kids_privacy_device", { minutes: props.minutes || 10 }));
  const around = element.closest("main") ? "div" : "main"; // Gradio has one already
  element.replaceChildren(make(around, { class: "st-kids" }, make("h1", { class: "st-sr" }, text("kids_page")), make("ol", { class: "st-kid-marks" }, ...marks), ...steps, privacy));

  const go = (step) => {
    camera.close();
    steps.forEach((section, index) => { section.hidden = index !== step; });
    marks.forEach((mark, index) => { if (index === step) mark.setAttribute("aria-current", "step"); else mark.removeAttribute("aria-current"); });
    window.scrollTo(0, 0);
  };
  const fresh = () => {
    picture = null;
    sorry.hidden = true;
    pad.reset({ width: 960, height: 720 });
    Studio.session.forget();
    shown.removeAttribute("src");
    props.value = null;
    ready();
    go(0);
  };
  const paint = (style) => {
    if (waiting) return;
    waiting = true;
    wait.hidden = false;
    shown.hidden = done.hidden = true;
    give.disabled = false;
    sent.hidden = true;
    go(2);
    props.value = { drawing: picture, style, freedom };
    trigger("submit", {});
  };
  watch("value", () => {
    waiting = false;
    const result = props.value;
    if (!result || steps[2].hidden) return;
    if (!result.picture) { go(1); return; }
    reveal(result.picture);
    Studio.session.keep("result", { picture, painted });
  });
  watch("refused", () => { give.disabled = false; sent.hidden = true; }); // what was to be handed in
  const reveal = (result) => {
    painted = result;
    compare(false);
    wait.hidden = true;
    shown.hidden = done.hidden = false;
  };
  document.addEventListener("studio-lost", () => { if (waiting) { waiting = false; go(1); } }); // what was asked for will not come
  Studio.gradio.queue(element, (place) => { words.textContent = place ? text("queue_place", { n: place }) : text("kids_wait"); });
  Studio.opened();
  drawTiles();
  drawFreedoms();
  go(0);
  ready();
  // A reload brings the drawing and the result back, as long as the server would have kept it.
  Studio.session.hours = (props.minutes || 10) / 60;
  Studio.session.load().then(({ drawing, result }) => {
    if (!pad.blank) return;
    if (drawing) pad.reset(drawing);
    ready();
    if (!result) return;
    picture = result.picture;
    go(2);
    reveal(result.painted);
  });
};
