// The result: before/after with a wipe, zoom, actions, and the history of this visit.
// value: {content, after, live, width, height, note, look, query, scene} | {detail: {url, box, scene, look}} |
// {progress} | {forgotten} | null; content is the key of `Studio.contentUrl`, the scene counts contents and
// regions. Events: settled (a live picture rests), past {look, scene} (from the history), detail {box} (a part
// is seen so large that full pixels show), export {…}, stop (give the export up), reuse.
Studio.viewer = ({ element, props, trigger, watch }) => {
  const { make, button, text } = Studio;
  const before = make("img", { class: "st-before", alt: text("before_alt"), draggable: "false", decoding: "sync" });
  const after = make("img", { class: "st-after", alt: text("after_alt"), draggable: "false", decoding: "sync" });
  const detail = make("img", { class: "st-detail", alt: "", draggable: "false", hidden: true });
  const stage = make("div", { class: "st-stage", hidden: true }, before, make("div", { class: "st-painted" }, after, detail));
  const handle = make("input", { type: "range", min: 0, max: 100, step: 0.5, value: 0, class: "st-handle", "aria-label": text("compare"), oninput: () => zoom.wipe(Number(handle.value)) });
  const grip = make("div", { class: "st-line", title: text("compare_hint") }, make("span", {}, Studio.icon("compare"), handle));
  const title = make("p", { class: "st-empty-title" }, text("empty_title"));
  const words = make("p", {}, text("empty_text"));
  const empty = make("div", { class: "st-empty" }, title, words);
  const note = make("span", { class: "st-note" });
  const said = make("span", { class: "st-sr", role: "status" });
  const percent = make("output", { class: "st-percent" });
  const tools = make("div", { class: "st-zoom", role: "toolbar", "aria-label": text("zoom"), hidden: true },
    button("minus", "zoom_out", () => zoom.zoomBy(0.8)), percent, button("plus", "zoom_in", () => zoom.zoomBy(1.25)),
    button("fit", "zoom_fit", () => zoom.fit()), button("full", "fullscreen", () => fullscreen()));
  const undo = button("undo", "undo", () => step("parent"), { disabled: true });
  const redo = button("redo", "redo", () => step("next"), { disabled: true });
  const exporter = Studio.exporter({ start: (options) => trigger("export", options), stop: () => trigger("stop", {}) });
  const actions = [
    undo,
    redo,
    button("link", "copy_link", () => copyLink()),
    button("reuse", "use_as_content", () => trigger("reuse", {}), { words: true }),
    button("download", "save_picture", () => exporter.open(shown.width, shown.height, [Studio.contentName(shown.content), ...Object.keys(shown.look.styles)].filter(Boolean).join("-")), { words: true, class: "st-button st-primary" }),
  ];
  const bar = make("div", { class: "st-bar", role: "toolbar", "aria-label": text("result_actions"), hidden: true }, note, ...actions);
  const strip = make("div", { class: "st-history", role: "group", "aria-label": text("history"), hidden: true });
  const line = make("p", { class: "st-queue", role: "status", "aria-live": "polite", hidden: true });
  const frame = make("div", { class: "st-frame", tabindex: 0, role: "group", "aria-label": text("zoom_hint") }, empty, stage, grip, tools, line);
  element.replaceChildren(make("div", { class: "st-viewer" }, make("h2", { class: "st-sr" }, text("result")), frame, bar, strip, exporter.element, said));

  const zoom = new Studio.Zoom({
    frame, stage, grip,
    changed: () => {
      handle.value = zoom.cut;
      percent.textContent = stage.hidden ? "" : `${zoom.percent} %`;
    },
    rested: () => look(),
  });
  // Full pixels are asked for where the picture is seen larger than the one on screen is.
  const look = () => {
    if (!shown || shown.live || !after.naturalWidth || shown.width <= after.naturalWidth) return;
    if (zoom.size[0] * devicePixelRatio <= after.naturalWidth * 1.05) return;
    const box = zoom.seen;
    if (!detail.hidden && box.every((at, index) => Math.abs(at - detail.box[index]) < 0.001)) return;
    trigger("detail", { box, side: Math.round(Math.max(frame.clientWidth, frame.clientHeight) * devicePixelRatio) });
  };
  const showDetail = ({ url, box, scene, look: painted }) => {
    if (!shown || shown.live || scene !== shown.scene || JSON.stringify(painted) !== JSON.stringify(shown.look)) return;
    const [left, top, right, bottom] = box;
    Object.assign(detail.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%` });
    detail.src = url;
    detail.box = box;
    detail.hidden = false;
  };

  const fullscreen = () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (frame.requestFullscreen) frame.requestFullscreen();
    else frame.classList.toggle("st-over"); // telephones without full screen for elements
  };
  frame.addEventListener("keydown", (event) => { if (event.key === "Escape") frame.classList.remove("st-over"); });

  // Every result of the visit is kept in the order in which it was made. Undo goes to the one it was
  // made from (`parent`), redo to where undo last came from (`next`).
  const history = [];
  let here = null;
  let shown = null;
  // While a slider is held the picture stays a live one, so a drag is one step of the history.
  let held = false;
  let resting = false;
  document.addEventListener("pointerdown", () => { held = true; }, true);
  ["pointerup", "pointercancel"].forEach((name) => document.addEventListener(name, () => { held = false; if (resting) settle(); }, true));
  const settle = Studio.later(() => {
    resting = held;
    // One of the history is finished once the controls have gone back with it: see studio-past.
    if (!held && shown && shown.live && shown !== here) trigger("settled", {});
  }, 320);

  // The clipboard needs a secure page; on a plain LAN address the link stays in the address bar.
  const copyLink = () => {
    window.history.replaceState(window.history.state, "", `${location.pathname}?${shown.query}`);
    const tell = () => { note.textContent = said.textContent = text("link_copied"); };
    if (navigator.clipboard) navigator.clipboard.writeText(location.href).then(tell, tell);
    else tell();
  };

  const paint = (value) => {
    shown = value;
    Studio.contentUrl(value.content, (url) => { if (shown === value && before.src !== url) before.src = url; });
    after.src = value.after;
    detail.hidden = true;
    stage.hidden = bar.hidden = tools.hidden = false;
    empty.hidden = true;
    zoom.take(value.width, value.height);
    zoom.lay();
    note.textContent = value.note || "";
    Studio.shownResult = value;
    document.dispatchEvent(new CustomEvent("studio-result", { detail: value }));
  };

  const alike = (one, other) => Boolean(one) && one.scene === other.scene && JSON.stringify(one.look) === JSON.stringify(other.look);
  const remember = (value) => {
    // A reload finds the look in the address, and a copy of the address is a link.
    window.history.replaceState(window.history.state, "", `${location.pathname}?${value.query}`);
    if (alike(here, value)) {
      Object.assign(here, value);
      drawStrip();
      return;
    }
    const entry = { ...value, parent: here, next: null };
    if (here) here.next = entry;
    history.push(entry);
    if (history.length > 24) {
      const oldest = history.shift();
      history.forEach((other) => { if (other.parent === oldest) other.parent = null; });
    }
    here = entry;
    drawStrip();
  };

  const drawStrip = () => {
    Studio.rebuild(strip, ...history.map((entry, index) =>
      make("button", { type: "button", class: "st-past", "aria-label": text("history_entry", { n: index + 1 }), "aria-current": entry === here ? "true" : null, onclick: () => go(entry) }, make("img", { src: entry.after, alt: "" }))));
    strip.hidden = history.length < 2;
    undo.disabled = !(here && here.parent);
    redo.disabled = !(here && history.includes(here.next));
    const current = strip.querySelector("[aria-current]");
    if (current) strip.scrollLeft = current.offsetLeft - strip.clientWidth / 2;
  };
  const go = (entry) => {
    here = entry;
    paint(entry);
    drawStrip();
    trigger("past", { look: entry.look, scene: entry.scene });
  };
  const step = (to) => {
    if (to === "parent" && shown && shown.live && shown !== here) remember(shown); // undone before it rests: redo knows it
    const goal = here && here[to];
    if (!history.includes(goal)) return;
    if (to === "parent") goal.next = here;
    go(goal);
  };
  Studio.shortcuts(element, () => step("parent"), () => step("next"));

  const show = () => {
    const value = props.value;
    if (value && value.detail) { showDetail(value.detail); return; }
    if (value && "progress" in value) { exporter.progress(value.progress); return; }
    if (!value || !value.after) {
      if (value && value.forgotten && shown && Studio.resend()) return; // the device still has the picture
      const forgotten = Boolean(value && value.forgotten && shown);
      title.textContent = text(forgotten ? "forgotten_title" : "empty_title");
      words.textContent = text(forgotten ? "forgotten_text" : "empty_text");
      shown = forgotten ? shown : null;
      stage.hidden = bar.hidden = tools.hidden = true;
      empty.hidden = false;
      return;
    }
    // A result that was under way when its scene was left, or when it was undone: showing it would bring it back.
    if (here && value.scene !== here.scene && history.some((entry) => entry.scene === value.scene)) return;
    const undone = !value.live && !alike(shown, value) && history.find((entry) => entry.live && alike(entry, value));
    if (undone) { Object.assign(undone, value); drawStrip(); return; }
    paint(value);
    Studio.preview.answered(value.live);
    if (value.live) settle();
    else remember(value);
  };
  Studio.showLive = (value) => { paint(value); settle(); };
  watch("value", show);
  document.addEventListener("studio-past", () => { if (here && here.live) trigger("settled", {}); });
  document.addEventListener("studio-back", () => { if (shown) trigger("settled", {}); });
  Studio.gradio.queue(element, (place) => {
    line.hidden = !place;
    line.textContent = place ? text("queue_place", { n: place }) : "";
  });
  show();
};
