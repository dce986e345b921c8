// The dialogue that turns and crops the visitor's picture. `apply` is called with a framing: {turns, box}, quarter turns
// clockwise, then left, top, right, bottom as shares of the sides of the turned picture.
Studio.cropper = ({ apply }) => {
  const { make, button, text } = Studio;
  const least = 0.05; // share of a side
  const shapes = { free: null, "1:1": 1, "4:3": 4 / 3, "3:4": 3 / 4, "16:9": 16 / 9 };
  const image = new Image();
  let turns = 0;
  let box = [0, 0, 1, 1];
  let shape = null; // width to height in pixels
  const within = (value, low, high) => Math.min(high, Math.max(low, value));

  const canvas = make("canvas", { class: "st-crop-picture", role: "img", "aria-label": text("before_alt") });
  const frame = make("div", { class: "st-crop-box", tabindex: 0, role: "group", "aria-label": text("crop_hint"), title: text("crop_hint") },
    ...["nw", "ne", "sw", "se"].map((corner) => make("i", { "data-corner": corner, "aria-hidden": "true" })));
  const stage = make("div", { class: "st-crop-stage" }, canvas, frame);

  const place = () => Object.assign(frame.style, { left: `${100 * box[0]}%`, top: `${100 * box[1]}%`, width: `${100 * (box[2] - box[0])}%`, height: `${100 * (box[3] - box[1])}%` });
  /** Height of a box of the chosen shape, as a share, for each share of its width. */
  const tall = () => canvas.width / canvas.height / shape;
  /** The box between a fixed corner and another point, in the chosen shape, within the picture. */
  const between = ([x, y], [toX, toY]) => {
    let [width, height] = [Math.max(least, Math.abs(toX - x)), Math.max(least, Math.abs(toY - y))];
    const room = [toX < x ? x : 1 - x, toY < y ? y : 1 - y];
    if (shape) {
      width = Math.min(Math.max(width, height / tall()), room[0], room[1] / tall());
      height = width * tall();
    }
    width = Math.min(width, room[0]);
    height = Math.min(height, room[1]);
    const [left, top] = [toX < x ? x - width : x, toY < y ? y - height : y];
    box = [left, top, left + width, top + height];
    place();
  };
  const move = (x, y) => {
    const [dx, dy] = [within(x, -box[0], 1 - box[2]), within(y, -box[1], 1 - box[3])];
    box = [box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy];
    place();
  };
  const whole = () => {
    box = [0, 0, 1, 1];
    if (shape) {
      const [width, height] = tall() > 1 ? [1 / tall(), 1] : [1, tall()];
      box = [(1 - width) / 2, (1 - height) / 2, (1 + width) / 2, (1 + height) / 2];
    }
    place();
  };
  const draw = () => {
    const sides = [image.naturalWidth, image.naturalHeight];
    [canvas.width, canvas.height] = turns % 2 ? [sides[1], sides[0]] : sides;
    stage.style.setProperty("--tall", canvas.width / canvas.height);
    const pen = canvas.getContext("2d");
    pen.translate(canvas.width / 2, canvas.height / 2);
    pen.rotate((turns * Math.PI) / 2);
    pen.drawImage(image, -sides[0] / 2, -sides[1] / 2);
    place();
  };
  const turn = (by) => {
    turns = (turns + by + 4) % 4;
    const [left, top, right, bottom] = box;
    draw();
    box = by > 0 ? [1 - bottom, left, 1 - top, right] : [top, 1 - right, bottom, 1 - left];
    if (shape) whole();
    place();
  };

  let held = null; // (point) => what a drag does
  const at = (event) => {
    const outer = canvas.getBoundingClientRect();
    return [within((event.clientX - outer.left) / outer.width, 0, 1), within((event.clientY - outer.top) / outer.height, 0, 1)];
  };
  stage.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    frame.focus();
    stage.setPointerCapture(event.pointerId);
    let last = at(event);
    const { corner } = event.target.dataset;
    if (corner) {
      const fixed = [corner.includes("w") ? box[2] : box[0], corner.includes("n") ? box[3] : box[1]];
      held = (point) => between(fixed, point);
    } else if (event.target === frame) held = (point) => { move(point[0] - last[0], point[1] - last[1]); last = point; };
    else { const fixed = last; held = (point) => between(fixed, point); }
  });
  stage.addEventListener("pointermove", (event) => { if (held) held(at(event)); });
  ["pointerup", "pointercancel"].forEach((name) => stage.addEventListener(name, () => { held = null; }));
  frame.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-0.02, 0], ArrowRight: [0.02, 0], ArrowUp: [0, -0.02], ArrowDown: [0, 0.02] }[event.key];
    if (!step) return;
    event.preventDefault();
    if (event.shiftKey) between([box[0], box[1]], [Math.max(box[0] + least, box[2] + step[0]), Math.max(box[1] + least, box[3] + step[1])]);
    else move(...step);
  });

  const ratios = make("div", { class: "st-segments", role: "radiogroup", "aria-label": text("crop_shape") },
    ...Object.entries(shapes).map(([name, value]) => make("label", {}, make("input", { type: "radio", name: "crop-shape", value: name, checked: !value, onchange: () => { shape = value; whole(); } }), make("span", {}, value ? name : text("crop_free")))));
  const dialog = make("dialog", { class: "st-dialog st-crop", "aria-label": text("crop") },
    make("form", { method: "dialog", onsubmit: (event) => {
      event.preventDefault();
      dialog.close();
      apply({ turns, box: box.map((share) => Number(within(share, 0, 1).toFixed(5))) });
    } },
    stage, ratios,
    make("div", { class: "st-dialog-actions" },
      button("left", "turn_left", () => turn(-1)), button("right", "turn_right", () => turn(1)),
      button("again", "reset", () => { turns = 0; shape = null; ratios.querySelector("input").checked = true; draw(); whole(); }, { words: true }),
      make("button", { type: "button", class: "st-button", onclick: () => dialog.close() }, text("cancel")),
      make("button", { type: "submit", class: "st-button st-primary" }, text("crop_apply")))));
  return {
    element: dialog,
    /** Begin with a picture and how it is framed by now. */
    open: async (url, framing) => {
      image.src = url;
      await image.decode();
      shape = null;
      ratios.querySelector("input").checked = true;
      ({ turns, box } = framing || { turns: 0, box: [0, 0, 1, 1] });
      draw();
      dialog.showModal();
    },
  };
};
