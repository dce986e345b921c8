// The children's page: three steps (make, pick, done), large targets, hardly any words.
// props.styles: at most 12; props.wall: whether a teacher collects results; props.minutes: retention.
// value to the server: {drawing, style}; from it: {picture} or {failed}.
// Events: submit (paint), clear (delete now), upload (give to the teacher).
Studio.kids = ({ element, props, trigger, watch }) => {
  const { make, icon, text } = Studio;
  const big = (name, key, onclick, extra = "") => make("button", { type: "button", class: `st-big st-big-words ${extra}`, onclick }, icon(name), make("span", {}, text(key)));
  const pad = new Studio.Pad({ width: 960, height: 720, colors: Studio.CRAYONS, sizes: [10, 24, 56], size: 1, paper: "#ffffff", big: true });
  let picture = null;
  let waiting = false;

  const camera = make("input", { type: "file", accept: "image/*", capture: "environment", hidden: true, onchange: () => { if (camera.files[0]) photo(camera.files[0]); camera.value = ""; } });
  // The photo is drawn small onto a canvas: place and time inside the file never leave the tablet.
  const photo = async (file) => {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, 960 / Math.max(bitmap.width, bitmap.height));
    const copy = document.createElement("canvas");
    copy.width = Math.round(bitmap.width * scale);
    copy.height = Math.round(bitmap.height * scale);
    copy.getContext("2d").drawImage(bitmap, 0, 0, copy.width, copy.height);
    pad.resize(copy.width, copy.height);
    pad.show(copy.toDataURL("image/jpeg", 0.92));
    hasPhoto = true;
    ready();
  };
  let hasPhoto = false;
  const next = big("check", "kids_next", () => { picture = pad.data(); go(1); }, "st-go");
  const ready = () => { next.disabled = pad.blank && !hasPhoto; };
  pad.onlift = ready;

  const tiles = make("div", { class: "st-kid-tiles" });
  const drawTiles = () => tiles.replaceChildren(...(props.styles || []).map((style) => make("button", { type: "button", class: "st-kid-tile", "aria-label": style.title, onclick: () => paint(style.name) }, make("img", { src: style.thumb, alt: "" }))));

  const shown = make("img", { class: "st-kid-result", alt: text("after_alt") });
  const words = make("p", {}, text("kids_wait"));
  const wait = make("div", { class: "st-kid-wait", role: "status" }, make("div", { class: "st-kid-dots", "aria-hidden": "true" }, make("i"), make("i"), make("i")), words);
  const give = big("plus", "kids_give", () => { give.disabled = true; trigger("upload", {}); });
  give.hidden = !props.wall;
  const done = make("div", { class: "st-kid-actions" },
    big("again", "kids_again", () => go(1), "st-go"), big("brush", "kids_new", () => fresh()), big("print", "kids_print", () => window.print()), give,
    big("trash", "kids_delete", () => { trigger("clear", {}); fresh(); }, "st-danger"));

  const steps = [
    make("section", { class: "st-kid-step" }, pad.element, make("div", { class: "st-kid-actions" }, big("camera", "kids_camera", () => camera.click()), next), camera),
    make("section", { class: "st-kid-step" }, make("div", { class: "st-kid-actions" }, big("undo", "kids_back", () => go(0))), tiles),
    make("section", { class: "st-kid-step" }, make("div", { class: "st-kid-show" }, shown, wait), done),
  ];
  const marks = ["brush", "like", "check"].map((name, index) => make("li", {}, icon(name), make("span", { class: "st-sr" }, text("kids_step", { n: index + 1 }))));
  const privacy = make("p", { class: "st-kid-notice" }, text("kids_privacy", { minutes: props.minutes || 10 }));
  element.replaceChildren(make("main", { class: "st-kids" }, make("ol", { class: "st-kid-marks" }, ...marks), ...steps, privacy));

  const go = (step) => {
    steps.forEach((section, index) => { section.hidden = index !== step; });
    marks.forEach((mark, index) => { if (index === step) mark.setAttribute("aria-current", "step"); else mark.removeAttribute("aria-current"); });
    window.scrollTo(0, 0);
  };
  const fresh = () => {
    picture = null;
    hasPhoto = false;
    pad.show(null);
    pad.resize(960, 720);
    shown.removeAttribute("src");
    props.value = null;
    ready();
    go(0);
  };
  const clear = pad.clear.bind(pad);
  pad.clear = () => { hasPhoto = false; pad.show(null); clear(); };
  const paint = (style) => {
    if (waiting) return;
    waiting = true;
    wait.hidden = false;
    shown.hidden = done.hidden = true;
    give.disabled = false;
    go(2);
    props.value = { drawing: picture, style };
    trigger("submit", {});
  };
  watch("value", () => {
    waiting = false;
    const result = props.value;
    if (!result || steps[2].hidden) return;
    if (!result.picture) { go(1); return; }
    shown.src = result.picture;
    wait.hidden = true;
    shown.hidden = done.hidden = false;
  });
  Studio.queue(element, (place) => { words.textContent = place ? text("queue_place", { n: place }) : text("kids_wait"); });
  drawTiles();
  fresh();
};
