// A canvas to draw on with finger, pen or mouse: used for drawings, regions and by children.
// A stroke is kept as points. Everything that changes the sheet, also clearing it, is one step that undo
// takes back; nothing is sent before the pen is lifted. `onlift` is called after every step.
Studio.Pad = class {
  constructor({ width, height, colors, sizes, size = 1, paper = null, onlift = () => {}, big = false }) {
    const { make, icon, text } = Studio;
    Object.assign(this, { past: [], future: [], paper, onlift, color: colors[0], eraser: false, width: sizes[size] });
    this.canvas = make("canvas", { class: "st-canvas", "aria-label": text("drawing_area"), role: "img", tabindex: 0 });
    this.backdrop = make("img", { class: "st-backdrop", alt: "", hidden: true });
    this.swatches = colors.map((color, index) => make("button", { type: "button", class: "st-swatch", style: `--swatch:${color}`, "aria-label": text("colour_n", { n: index + 1 }), "aria-pressed": String(index === 0), onclick: () => this.pick(color) }));
    this.dots = sizes.map((value, index) => make("button", { type: "button", class: "st-dot", style: `--dot:${6 + 7 * index}px`, "aria-label": text("brush_n", { n: index + 1 }), "aria-pressed": String(index === size), onclick: () => { this.width = value; this.mark(this.dots, index); } }));
    const tool = (name, key, action) => make("button", { type: "button", class: big ? "st-big" : "st-button st-icon-only", "aria-label": text(key), title: text(key), onclick: action }, icon(name));
    this.rubber = make("button", { type: "button", class: big ? "st-big" : "st-button", "aria-pressed": "false", onclick: () => this.pick(null), "aria-label": text("eraser"), title: text("eraser") }, big ? icon("eraser") : text("eraser"));
    this.undoButton = tool("undo", "undo", () => this.undo());
    this.redoButton = tool("redo", "redo", () => this.redo());
    this.tools = make("div", { class: "st-tools", role: "toolbar", "aria-label": text("brushes") },
      make("div", { class: "st-swatches" }, ...this.swatches), make("div", { class: "st-dots" }, ...this.dots), this.rubber, this.undoButton, this.redoButton, tool("trash", "clear", () => this.clear()));
    this.sheet = make("div", { class: "st-sheet" }, this.backdrop, this.canvas);
    this.element = make("div", { class: "st-pad" + (big ? " st-pad-big" : "") }, this.tools, this.sheet);
    this.reset({ width, height });
    this.listen();
    Studio.shortcuts(this.element, () => this.undo(), () => this.redo());
  }
  /** Start anew, with nothing to take back: {width, height, strokes, backdrop}. */
  reset({ width, height, strokes = [], backdrop = null }) {
    this.past = [];
    this.future = [];
    this.state = { width, height, strokes, backdrop };
    this.repaint();
  }
  /** Make one step: some of {width, height, strokes, backdrop} become others. */
  change(parts) {
    this.past.push(this.state);
    this.future = [];
    this.state = { ...this.state, ...parts };
    this.repaint();
  }
  /** Choose a colour; null is the eraser. */
  pick(color) {
    this.eraser = color === null;
    if (color) this.color = color;
    this.swatches.forEach((swatch) => swatch.setAttribute("aria-pressed", String(!this.eraser && swatch.style.getPropertyValue("--swatch") === this.color)));
    this.rubber.setAttribute("aria-pressed", String(this.eraser));
  }
  mark(buttons, chosen) { buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(index === chosen))); }
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * this.canvas.width, ((event.clientY - box.top) / box.height) * this.canvas.height];
  }
  listen() {
    let stroke = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      if (!event.isPrimary || event.button > 0) return;
      event.preventDefault();
      this.canvas.setPointerCapture(event.pointerId);
      stroke = { color: this.eraser ? null : this.color, width: this.width, points: [this.place(event)] };
      this.change({ strokes: [...this.state.strokes, stroke] });
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!stroke) return;
      const steps = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      (steps.length ? steps : [event]).forEach((step) => stroke.points.push(this.place(step)));
      this.paint(stroke);
    });
    const lift = () => { if (stroke) { stroke = null; this.onlift(); } };
    this.canvas.addEventListener("pointerup", lift);
    this.canvas.addEventListener("pointercancel", lift);
  }
  paint({ color, width, points, image }) {
    const pen = this.canvas.getContext("2d");
    pen.globalCompositeOperation = "source-over";
    if (image) { pen.drawImage(image, 0, 0, this.canvas.width, this.canvas.height); return; }
    pen.globalCompositeOperation = color ? "source-over" : "destination-out";
    pen.strokeStyle = pen.fillStyle = color || "#000";
    pen.lineWidth = width;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(...points[0]);
    if (points.length === 1) pen.lineTo(points[0][0] + 0.1, points[0][1]);
    points.slice(1).forEach((point, index) => {
      const last = points[index];
      pen.quadraticCurveTo(last[0], last[1], (last[0] + point[0]) / 2, (last[1] + point[1]) / 2);
    });
    pen.stroke();
  }
  repaint() {
    const { width, height, strokes, backdrop } = this.state;
    this.canvas.width = width; // setting it empties the canvas
    this.canvas.height = height;
    this.sheet.style.setProperty("--ratio", `${width} / ${height}`);
    this.sheet.style.setProperty("--tall", width / height);
    this.backdrop.hidden = !backdrop;
    if (backdrop && this.backdrop.src !== backdrop) this.backdrop.src = backdrop;
    strokes.forEach((stroke) => this.paint(stroke));
    this.undoButton.disabled = this.past.length === 0;
    this.redoButton.disabled = this.future.length === 0;
  }
  step(from, to) {
    if (!from.length) return;
    to.push(this.state);
    this.state = from.pop();
    this.repaint();
    this.onlift();
  }
  undo() { this.step(this.past, this.future); }
  redo() { this.step(this.future, this.past); }
  clear() {
    const { strokes, backdrop } = this.state;
    if (!strokes.length && !(this.paper && backdrop)) return;
    this.change({ strokes: [], backdrop: this.paper ? null : backdrop });
    this.onlift();
  }
  /** Take up an earlier drawing, as one stroke that undo takes back. */
  async restore(url) {
    const image = new Image();
    image.src = url;
    await image.decode();
    this.reset({ ...this.state, strokes: [] });
    this.change({ strokes: [{ color: "any", image }] });
  }
  /** Nothing is on the sheet; without paper a backdrop does not count. */
  get blank() { return !this.state.strokes.some((stroke) => stroke.color) && !(this.paper && this.state.backdrop); }
  /** The drawing as a data URL: on its paper, or transparent where there is none. */
  data() {
    const copy = document.createElement("canvas");
    copy.width = this.canvas.width;
    copy.height = this.canvas.height;
    const pen = copy.getContext("2d");
    if (this.paper) { pen.fillStyle = this.paper; pen.fillRect(0, 0, copy.width, copy.height); }
    if (this.paper && !this.backdrop.hidden) pen.drawImage(this.backdrop, 0, 0, copy.width, copy.height);
    pen.drawImage(this.canvas, 0, 0);
    return copy.toDataURL("image/png");
  }
};

Studio.CRAYONS = ["#1f2937", "#d62839", "#f3722c", "#f9c74f", "#43aa4b", "#277da1", "#7b4fb5", "#f4a6c0", "#8d5a3b", "#ffffff"];

// Draw the content. What was drawn is kept on the device until it is used or cleared.
Studio.drawing = ({ element }) => {
  const pad = new Studio.Pad({ width: 960, height: 720, colors: Studio.CRAYONS, sizes: [6, 14, 32, 70], paper: "#ffffff", onlift: () => { Studio.session.keep("drawing", pad.state); mark(); } });
  const use = Studio.button("check", "use_drawing", async () => {
    const blob = await (await fetch(pad.data())).blob();
    Studio.take(new File([blob], "drawing.png", { type: "image/png" }));
    Studio.gradio.firstTab("canvas-tabs");
  }, { words: true, class: "st-button st-primary", disabled: true });
  const mark = () => { use.disabled = pad.blank; };
  pad.tools.append(use);
  element.replaceChildren(pad.element);
  Studio.session.load().then(({ drawing }) => { if (drawing && pad.blank) { pad.reset(drawing); mark(); } });
};

// Paint regions over the content, each with a style of its own.
// props.source as of the picker. value from the server: {content: {key, width, height}} | null; to the server:
// {painted, styles: {colour: name | ""}} | null. An earlier state comes back as {content, painted, styles}. Event: input.
Studio.regions = ({ element, props, trigger, watch }) => {
  const { make, text } = Studio;
  const { styles } = Studio;
  const colors = ["#e4572e", "#17a398", "#f3a712"];
  let source = props.source;
  let first = []; // what a gallery begins with; of a large library more is offered once it was chosen there
  const chosen = {};
  const tell = () => {
    const used = Object.fromEntries(colors.filter((color) => color in chosen).map((color) => [color, chosen[color]]));
    props.value = pad.blank ? null : { painted: pad.data(), styles: used };
    Studio.session.keep("painted", props.value);
    trigger("input", {});
  };
  /** The regions as they are sent, null if there are none. */
  Studio.painted = () => (pad.blank ? null : { painted: pad.data(), styles: { ...chosen } });
  const pad = new Studio.Pad({ width: 640, height: 480, colors, sizes: [18, 44, 90], onlift: tell });
  const choices = make("div", { class: "st-region-styles" });
  const hint = make("p", { class: "st-hint" }, text("regions_hint"));
  element.replaceChildren(hint, choices, pad.element);
  const drawChoices = () => {
    const offered = [...first];
    for (const style of [...styles.used(source), ...Object.values(chosen).map((name) => styles.get(source, name))]) {
      if (style && !offered.some((other) => other.name === style.name)) offered.unshift(style);
    }
    choices.replaceChildren(...colors.map((color, index) => {
      if (first.length && !(color in chosen)) chosen[color] = index === 0 ? "" : (first[index + 1] || { name: "" }).name;
      const select = make("select", { "aria-label": text("style_of_colour", { n: index + 1 }), onchange: (event) => { chosen[color] = event.target.value; if (!pad.blank) tell(); } },
        make("option", { value: "" }, text("keep_picture")), ...offered.map((style) => make("option", { value: style.name, selected: style.name === chosen[color] }, style.title)));
      return make("label", { class: "st-region" }, make("span", { class: "st-region-dot", style: `--swatch:${color}` }), select);
    }));
  };
  const fresh = () => {
    if (!props.value || !("content" in props.value)) return; // told by ourselves
    const { content, painted, styles } = props.value;
    const scale = content ? 640 / Math.max(content.width, content.height) : 1;
    pad.reset({ width: Math.round((content ? content.width : 640) * scale), height: Math.round((content ? content.height : 480) * scale) });
    if (content) Studio.contentUrl(content.key, (url) => { pad.state.backdrop = url; pad.repaint(); });
    Studio.session.keep("painted", painted ? { painted, styles } : null);
    if (!painted) return;
    Object.assign(chosen, styles);
    drawChoices();
    pad.restore(painted);
  };
  const refresh = async () => {
    source = props.source;
    styles.forget(source);
    const page = await styles.page(source, {}).catch(() => null);
    if (!page) return;
    first = page.items;
    await styles.learn(source, Object.values(chosen).filter(Boolean)).catch(() => {});
    const gone = colors.filter((color) => chosen[color] && !styles.get(source, chosen[color])); // removed in the other tab
    gone.forEach((color) => { chosen[color] = ""; });
    drawChoices();
    if (gone.length && !pad.blank) tell();
  };
  new IntersectionObserver((entries) => { if (first.length && entries.some((entry) => entry.isIntersecting)) drawChoices(); }).observe(element);
  watch("source", refresh);
  Studio.elsewhere(refresh);
  watch("value", fresh);
  drawChoices();
  fresh();
  refresh();
};
