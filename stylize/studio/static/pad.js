// A canvas to draw on with finger, pen or mouse: used for drawings, regions and by children.
// A stroke is kept as points. Everything that changes the sheet, also clearing it, is one step that undo
// takes back; nothing is sent before the pen is lifted. `onlift` is called after every step.
// `kinds` are the tools beside the brush: "lasso" fills what it goes round, "fill" an area of one colour,
// "box" tells `onbox` of a rectangle: left, top, right, bottom as shares of the sides.
Studio.Pad = class {
  constructor({ width, height, colors, sizes, size = 1, paper = null, onlift = () => {}, onbox = () => {}, big = false, kinds = [] }) {
    const { make, icon, text } = Studio;
    Object.assign(this, { past: [], future: [], paper, onlift, onbox, color: colors[0], eraser: false, width: sizes[size], kind: "brush", under: null });
    this.canvas = make("canvas", { class: "st-canvas", "aria-label": text("drawing_area"), role: "img", tabindex: 0 });
    this.backdrop = make("img", { class: "st-backdrop", alt: "", hidden: true });
    this.swatches = colors.map((color, index) => make("button", { type: "button", class: "st-swatch", style: `--swatch:${color}`, "aria-label": text("colour_n", { n: index + 1 }), "aria-pressed": String(index === 0), onclick: () => this.pick(color) }));
    this.dots = sizes.map((value, index) => make("button", { type: "button", class: "st-dot", style: `--dot:${6 + 7 * index}px`, "aria-label": text("brush_n", { n: index + 1 }), "aria-pressed": String(index === size), onclick: () => { this.width = value; this.mark(this.dots, index); } }));
    const tool = (name, key, action) => make("button", { type: "button", class: big ? "st-big" : "st-button st-icon-only", "aria-label": text(key), title: text(key), onclick: action }, icon(name));
    this.rubber = make("button", { type: "button", class: big ? "st-big" : "st-button st-icon-only", "aria-pressed": "false", onclick: () => this.pick(null), "aria-label": text("eraser"), title: text("eraser") }, icon("eraser"));
    this.undoButton = tool("undo", "undo", () => this.undo());
    this.redoButton = tool("redo", "redo", () => this.redo());
    const all = kinds.length ? ["brush", ...kinds] : [];
    this.kinds = all.map((name) => tool(name, `tool_${name}`, () => { this.kind = name; this.mark(this.kinds, all.indexOf(name)); this.hideCursor(); }));
    this.mark(this.kinds, 0);
    this.tools = make("div", { class: "st-tools", role: "toolbar", "aria-label": text("brushes") },
      make("div", { class: "st-swatches" }, ...this.swatches), all.length ? make("div", { class: "st-dots" }, ...this.kinds) : null,
      make("div", { class: "st-dots" }, ...this.dots), this.rubber, this.undoButton, this.redoButton, tool("trash", "clear", () => this.clear()));
    this.cursor = make("span", { class: "st-cursor", "aria-hidden": "true", hidden: true });
    this.sheet = make("div", { class: "st-sheet" }, this.backdrop, this.canvas, this.cursor);
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
  /** Show another picture below, such as what was made of the backdrop; null shows the backdrop. */
  show(under) { this.under = under; this.repaint(); }
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
      const color = this.eraser ? null : this.color;
      const at = this.place(event);
      if (this.kind === "fill") {
        this.change({ strokes: [...this.state.strokes, { color, fill: at }] });
        this.onlift();
        return;
      }
      stroke = { color, width: this.width, kind: this.kind, points: [at] };
      if (this.kind === "brush") this.change({ strokes: [...this.state.strokes, stroke] });
    });
    this.canvas.addEventListener("pointermove", (event) => {
      this.showCursor(event);
      if (!stroke) return;
      const steps = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      (steps.length ? steps : [event]).forEach((step) => stroke.points.push(this.place(step)));
      if (stroke.kind === "brush") { this.paint(stroke); return; }
      this.repaint();
      this.sketch(stroke);
    });
    this.canvas.addEventListener("pointerleave", () => this.hideCursor());
    const lift = () => {
      if (!stroke) return;
      const done = stroke;
      stroke = null;
      if (done.kind === "box") {
        this.repaint();
        const box = this.boxOf(done);
        if (box[2] - box[0] > 0.02 && box[3] - box[1] > 0.02) this.onbox(box);
        return;
      }
      if (done.kind === "lasso") this.change({ strokes: [...this.state.strokes, done] });
      this.onlift();
    };
    this.canvas.addEventListener("pointerup", lift);
    this.canvas.addEventListener("pointercancel", lift);
  }
  /** A ring as large as the brush, under a mouse or a pen. */
  showCursor({ pointerType, clientX, clientY }) {
    if (pointerType === "touch" || this.kind !== "brush") return;
    const box = this.canvas.getBoundingClientRect();
    const size = (this.width * box.width) / this.canvas.width;
    this.cursor.hidden = false;
    Object.assign(this.cursor.style, { width: `${size}px`, height: `${size}px`, left: `${clientX - box.left - size / 2}px`, top: `${clientY - box.top - size / 2}px` });
  }
  hideCursor() { this.cursor.hidden = true; }
  boxOf({ points }) {
    const [first, last] = [points[0], points[points.length - 1]];
    const size = [this.canvas.width, this.canvas.height];
    const share = (at, axis) => Math.min(1, Math.max(0, at / size[axis]));
    return [...[0, 1].map((axis) => share(Math.min(first[axis], last[axis]), axis)), ...[0, 1].map((axis) => share(Math.max(first[axis], last[axis]), axis))];
  }
  /** The outline of a lasso or a box that is still being drawn. */
  sketch({ kind, points }) {
    const pen = this.canvas.getContext("2d");
    pen.globalCompositeOperation = "source-over";
    pen.setLineDash([8, 6]);
    pen.lineWidth = 2;
    pen.strokeStyle = this.color;
    pen.beginPath();
    if (kind === "box") {
      const [first, last] = [points[0], points[points.length - 1]];
      pen.rect(first[0], first[1], last[0] - first[0], last[1] - first[1]);
    } else points.forEach((point) => pen.lineTo(...point));
    pen.stroke();
    pen.setLineDash([]);
  }
  paint({ color, width, points, image, kind, fill, invert }) {
    const pen = this.canvas.getContext("2d");
    pen.globalCompositeOperation = "source-over";
    if (image) { pen.drawImage(image, 0, 0, this.canvas.width, this.canvas.height); return; }
    if (fill) { Studio.pixels.flood(this.canvas, fill, color); return; }
    if (invert) { Studio.pixels.invert(this.canvas, color); return; }
    pen.globalCompositeOperation = color ? "source-over" : "destination-out";
    pen.strokeStyle = pen.fillStyle = color || "#000";
    pen.lineWidth = width;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(...points[0]);
    if (kind === "lasso") {
      points.forEach((point) => pen.lineTo(...point));
      pen.fill();
      return;
    }
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
    const under = this.under || backdrop;
    this.backdrop.hidden = !under;
    if (under && this.backdrop.src !== under) this.backdrop.src = under;
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
  /** Add one more stroke, as if it were drawn. */
  add(stroke) {
    this.change({ strokes: [...this.state.strokes, stroke] });
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
  /** Whether something was painted in a colour. */
  has(color) { return this.state.strokes.some((stroke) => stroke.color === color); }
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
  const pad = new Studio.Pad({ width: 960, height: 720, colors: Studio.CRAYONS, sizes: [6, 14, 32, 70], paper: "#ffffff", kinds: ["lasso", "fill"], onlift: () => { Studio.session.keep("drawing", pad.state); mark(); } });
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
