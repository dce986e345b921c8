// A picture in its frame: fitted, zoomed into and moved, and wiped from after to before.
// `changed` is called at every change of the view, `rested` when it has come to rest.
Studio.Zoom = class {
  constructor({ frame, stage, grip, changed, rested }) {
    Object.assign(this, { frame, stage, grip, changed, width: 1, height: 1, zoom: 1, centre: [0.5, 0.5], cut: 0 });
    this.rested = Studio.later(rested, 220);
    this.pointers = new Map();
    this.mode = null;
    new ResizeObserver(() => this.lay()).observe(frame);
    this.listenToPointers();
    this.listenToKeys();
    frame.addEventListener("wheel", (event) => {
      // At rest in its frame a picture lets the page scroll; a pinch on a touch pad comes with ctrlKey.
      if (this.zoom === 1 && !event.ctrlKey && (event.deltaY > 0 || window.scrollY > 0)) return;
      event.preventDefault();
      this.zoomAt(event, Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0025)));
    }, { passive: false });
    frame.addEventListener("dblclick", (event) => {
      if (event.target.closest("button, input")) return;
      if (this.zoom > 1) this.fit();
      else this.zoomAt(event, Math.max(2, this.real));
    });
  }
  /** Take a picture of this size in pixels; one of the same size keeps the view. */
  take(width, height) {
    if (width === this.width && height === this.height) return;
    Object.assign(this, { width, height });
    this.frame.style.setProperty("--tall", width / height);
    this.fit();
  }
  fit() { this.zoom = 1; this.centre = [0.5, 0.5]; this.lay(); }
  /** The zoom at which a pixel of the picture is one of the screen. */
  get real() { return this.width / (this.fitted[0] * devicePixelRatio); }
  get percent() { return Math.round((100 * this.zoom) / this.real); }
  get most() { return Math.max(8, this.real * 2); }
  get room() {
    const style = getComputedStyle(this.frame);
    return [this.frame.clientWidth - 2 * parseFloat(style.paddingLeft), this.frame.clientHeight - 2 * parseFloat(style.paddingTop), parseFloat(style.paddingLeft), parseFloat(style.paddingTop)];
  }
  get fitted() {
    const [width, height] = this.room;
    const scale = Math.min(width / this.width, height / this.height);
    return [this.width * scale, this.height * scale];
  }
  lay() {
    const [roomWidth, roomHeight, padX, padY] = this.room;
    if (roomWidth <= 0 || roomHeight <= 0) return; // not on screen
    this.zoom = Math.min(Math.max(1, this.zoom), this.most);
    const size = this.fitted.map((side) => side * this.zoom);
    // Zoomed in, the picture uses the padding too.
    const frame = [this.frame.clientWidth, this.frame.clientHeight];
    this.place = [0, 1].map((axis) => {
      const [room, pad] = [[roomWidth, padX], [roomHeight, padY]][axis];
      if (size[axis] <= room + 0.5) return pad + (room - size[axis]) / 2;
      const free = frame[axis] / 2 - this.centre[axis] * size[axis];
      return Math.min(0, Math.max(Math.min(0, frame[axis] - size[axis]), free));
    });
    this.size = size;
    this.centre = [0, 1].map((axis) => (frame[axis] / 2 - this.place[axis]) / size[axis]);
    const { style } = this.stage;
    style.width = `${size[0]}px`;
    style.height = `${size[1]}px`;
    style.transform = `translate(${this.place[0]}px, ${this.place[1]}px)`;
    this.frame.dataset.zoomed = String(this.zoom > 1);
    this.wipe(this.cut);
    this.rested();
  }
  /** Show the picture before up to this percentage of the width. */
  wipe(cut) {
    this.cut = Math.min(100, Math.max(0, cut));
    this.stage.style.setProperty("--cut", `${this.cut}%`);
    if (this.size) this.grip.style.transform = `translateX(${Math.min(this.frame.clientWidth, Math.max(0, this.place[0] + (this.size[0] * this.cut) / 100))}px)`;
    this.changed();
  }
  zoomAt({ clientX, clientY }, factor) {
    const box = this.frame.getBoundingClientRect();
    const goal = Math.min(Math.max(1, this.zoom * factor), this.most);
    const change = goal / this.zoom;
    const frame = [this.frame.clientWidth, this.frame.clientHeight];
    this.centre = [clientX - box.left, clientY - box.top].map((at, axis) => {
      const inside = (at - this.place[axis]) / this.size[axis]; // the point that stays where it is
      return inside + (frame[axis] / 2 - at) / (this.size[axis] * change);
    });
    this.zoom = goal;
    this.lay();
  }
  zoomBy(factor) {
    const box = this.frame.getBoundingClientRect();
    this.zoomAt({ clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 }, factor);
  }
  move(x, y) {
    this.centre = [this.centre[0] - x / this.size[0], this.centre[1] - y / this.size[1]];
    this.lay();
  }
  /** The part of the picture that is seen: left, top, right, bottom as shares of its sides. */
  get seen() {
    const ends = [this.frame.clientWidth, this.frame.clientHeight];
    const part = [0, 1].map((axis) => [0, ends[axis]].map((end) => Math.min(1, Math.max(0, (end - this.place[axis]) / this.size[axis]))));
    return [part[0][0], part[1][0], part[0][1], part[1][1]];
  }
  listenToPointers() {
    const { frame, pointers } = this;
    let last = null;
    let spread = 0;
    const middle = () => {
      const all = [...pointers.values()];
      return { clientX: all.reduce((sum, { clientX }) => sum + clientX, 0) / all.length, clientY: all.reduce((sum, { clientY }) => sum + clientY, 0) / all.length };
    };
    const apart = () => { const [a, b] = [...pointers.values()]; return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY); };
    const wipeTo = (event) => this.wipe((100 * (event.clientX - frame.getBoundingClientRect().left - this.place[0])) / this.size[0]);
    frame.addEventListener("pointerdown", (event) => {
      if (event.button > 0 || event.target.closest("button")) return; // the right button is the browser's
      pointers.set(event.pointerId, event);
      last = middle();
      if (pointers.size === 2) { this.mode = "pinch"; spread = apart(); }
      else this.mode = this.grip.contains(event.target) ? "wipe" : null;
      if (this.mode) frame.setPointerCapture(event.pointerId);
    });
    frame.addEventListener("pointermove", (event) => {
      if (!pointers.has(event.pointerId)) return;
      pointers.set(event.pointerId, event);
      const now = middle();
      const [x, y] = [now.clientX - last.clientX, now.clientY - last.clientY];
      if (!this.mode && Math.hypot(x, y) > 5) {
        this.mode = this.zoom > 1 ? "move" : "wipe";
        frame.setPointerCapture(event.pointerId);
      }
      if (!this.mode) return;
      if (this.mode === "wipe") { wipeTo(event); return; }
      if (this.mode === "pinch" && pointers.size === 2) { this.zoomAt(now, apart() / spread); spread = apart(); }
      this.move(x, y);
      last = now;
    });
    const end = (event) => {
      pointers.delete(event.pointerId);
      if (pointers.size) { last = middle(); this.mode = "move"; } else this.mode = null;
    };
    frame.addEventListener("pointerup", end);
    frame.addEventListener("pointercancel", end);
  }
  listenToKeys() {
    const step = 60;
    const keys = {
      "+": () => this.zoomBy(1.25), "=": () => this.zoomBy(1.25), "-": () => this.zoomBy(0.8), 0: () => this.fit(), 1: () => this.zoomBy(this.real / this.zoom),
      ArrowLeft: () => this.move(step, 0), ArrowRight: () => this.move(-step, 0), ArrowUp: () => this.move(0, step), ArrowDown: () => this.move(0, -step),
    };
    this.frame.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      if (event.key.startsWith("Arrow") && (this.zoom === 1 || event.target.matches("input"))) return;
      event.preventDefault();
      keys[event.key]();
    });
  }
};
