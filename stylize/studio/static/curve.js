// How controls change over a film: points on a curve, time across and the value up. A click sets a point;
// it is dragged, or moved by the arrow keys, and taken away by Delete or a double click.
// props.controls: [{name, low, high, default}]; value: {length_s, points: {control: [[time_s, value], ...]}}.
Studio.curve = ({ element, props, watch }) => {
  const { make, button, text, scale } = Studio;
  const { controls } = props; // an update of the value forgets the other props
  const STEPS = 50; // of the arrow keys, over the whole length or height
  const MOST = 20; // points of one control
  let { length_s: length, points } = { length_s: 0, points: {} };
  let control = controls[0];
  let shown = [];

  const select = make("select", { id: "curve-control", onchange: () => { control = controls.find(({ name }) => name === select.value); draw(); } },
    ...controls.map(({ name }) => make("option", { value: name }, text(name))));
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  svg.append(line);
  const field = make("div", { class: "st-curve-field", role: "group", "aria-label": text("curve"), onclick: (event) => { if (!event.target.closest("button")) add(placed(event)); } }, svg);
  const [top, bottom] = ["top", "bottom"].map((side) => make("span", { class: `st-hint st-curve-${side}`, "aria-hidden": "true" }));
  const clear = button("trash", "curve_clear", () => { delete points[control.name]; tell(); draw(); select.focus(); }, { words: true });
  const end = make("span", { class: "st-hint" });
  const box = make("details", { class: "st-curve", hidden: true }, make("summary", {}, text("curve")), make("p", { class: "st-hint" }, text("curve_hint")),
    make("div", { class: "st-row" }, make("label", { for: "curve-control", class: "st-sr" }, text("controls")), select, clear),
    field, make("div", { class: "st-curve-times" }, make("span", { class: "st-hint" }, "0 s"), end));
  element.replaceChildren(box);

  const clamp = (share) => Math.min(1, Math.max(0, share));
  const seconds = (time) => time.toLocaleString(Studio.language, { maximumFractionDigits: 2 });
  const span = () => { const { low, high, to, from } = scale(control); return { from, bottom: to(low), height: to(high) - to(low), to }; };
  /** Shares of the field to a point, and back. */
  const pointOf = ([x, y]) => { const { from, bottom, height } = span(); return [Number((clamp(x) * length).toFixed(2)), from(bottom + clamp(y) * height)]; };
  const shares = ([time, value]) => { const { to, bottom, height } = span(); return [clamp(time / length), clamp((to(value) - bottom) / height)]; };
  const placed = ({ clientX, clientY }) => {
    const place = field.getBoundingClientRect();
    return pointOf([(clientX - place.left) / place.width, 1 - (clientY - place.top) / place.height]);
  };
  const tell = () => { props.value = { length_s: length, points: { ...points } }; };
  const add = (point) => {
    const list = points[control.name] || [];
    if (list.length >= MOST) return;
    points[control.name] = [...list, point];
    tell();
    draw(point);
  };
  const move = (point, [time, value]) => { [point[0], point[1]] = [time, value]; arrange(); };
  const remove = (point) => {
    points[control.name] = points[control.name].filter((one) => one !== point);
    if (!points[control.name].length) delete points[control.name];
    tell();
    draw();
    (field.querySelector("button") || select).focus();
  };

  const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const handle = (point) => {
    const dot = make("button", { type: "button", class: "st-curve-point", ondblclick: () => remove(point),
      onkeydown: (event) => {
        if (event.key === "Delete" || event.key === "Backspace") { event.preventDefault(); remove(point); }
        const step = STEP[event.key];
        if (!step) return;
        event.preventDefault();
        const [x, y] = shares(point);
        move(point, pointOf([x + step[0] / STEPS, y + step[1] / STEPS]));
        tell();
      },
      onpointerdown: (event) => dot.setPointerCapture(event.pointerId),
      onpointermove: (event) => { if (dot.hasPointerCapture(event.pointerId)) move(point, placed(event)); },
      onpointerup: () => tell(),
      onpointercancel: () => tell() });
    return { point, dot };
  };
  /** Put line and points where they belong. */
  const arrange = () => {
    const list = [...(points[control.name] || [])].sort((a, b) => a[0] - b[0]).map(shares);
    const along = list.length ? [[0, list[0][1]], ...list, [1, list.at(-1)[1]]] : [];
    line.setAttribute("points", along.map(([x, y]) => `${100 * x},${100 - 100 * y}`).join(" "));
    for (const { point, dot } of shown) {
      const [x, y] = shares(point);
      Object.assign(dot.style, { left: `${100 * x}%`, bottom: `${100 * y}%` });
      const label = text("curve_point", { name: text(control.name), time: seconds(point[0]), value: point[1].toLocaleString(Studio.language) });
      dot.setAttribute("aria-label", label);
      dot.title = label;
    }
  };
  const draw = (focused = null) => {
    shown = (points[control.name] || []).map(handle);
    [top.textContent, bottom.textContent] = [control.high, control.low].map((value) => value.toLocaleString(Studio.language));
    field.replaceChildren(svg, top, bottom, ...shown.map(({ dot }) => dot));
    clear.hidden = shown.length === 0;
    end.textContent = `${seconds(length)} s`;
    arrange();
    shown.filter(({ point }) => point === focused).forEach(({ dot }) => dot.focus());
  };
  const take = () => {
    const value = props.value || {};
    length = value.length_s || 0;
    points = Object.fromEntries(Object.entries(value.points || {}).map(([name, list]) => [name, list.map((point) => [...point])]));
    box.hidden = !(length > 0);
    if (!box.hidden) draw();
  };
  watch("value", take);
  take();
};
