// The controls of a picture: presets, own presets that stay on the device, one slider a control.
// props.controls: [{name, low, high, default, main}]; props.presets: {name: {control: value}}.
// value: {control: number}. Events: input, surprise.
Studio.controls = ({ element, props, trigger, watch }) => {
  const { make, button, text, scale } = Studio;
  const { controls, presets: given, preview } = props; // an update of the value forgets the other props
  const defaults = Object.fromEntries(controls.map((control) => [control.name, control.default]));
  const own = Studio.ownPresets();
  let values = { ...defaults, ...(props.value || {}) };

  const tell = () => {
    props.value = { ...values };
    Studio.preview.paint("controls", props.value, () => trigger("input", {}));
  };
  const set = (changes) => { values = { ...values, ...changes }; draw(); tell(); };
  const same = (preset) => controls.every(({ name }) => values[name] === (name in preset ? preset[name] : defaults[name]));

  const sliders = controls.map((control) => {
    const { name } = control;
    const { low, high, step, to, from } = scale(control);
    const label = text(name);
    const range = make("input", { type: "range", min: to(low), max: to(high), step, id: `range-${name}`, "aria-label": label, oninput: () => set({ [name]: from(Number(range.value)) }) });
    const number = make("input", { type: "number", min: low, max: high, step: "any", inputmode: "decimal", "aria-label": label, onchange: () => {
      const typed = Number(number.value);
      set({ [name]: number.value && Number.isFinite(typed) ? Math.min(high, Math.max(low, typed)) : control.default });
    } });
    const reset = make("button", { type: "button", class: "st-reset", "aria-label": text("reset_control", { name: label }), title: text("reset"), onclick: () => { range.focus(); set({ [name]: control.default }); } }, Studio.icon("again"));
    const row = make("div", { class: "st-control", id: `control-${name}` },
      make("div", { class: "st-control-head" }, make("label", { for: `range-${name}` }, label), reset, number),
      control.main ? null : make("p", { class: "st-control-info" }, text(`${name}_info`)), range);
    const show = () => {
      const value = values[name];
      range.value = to(value);
      number.value = value;
      range.style.setProperty("--done", `${(100 * (to(value) - to(low))) / (to(high) - to(low))}%`);
      range.setAttribute("aria-valuetext", value.toLocaleString(Studio.language));
      reset.hidden = value === control.default;
    };
    return { row, show, main: control.main };
  });

  const pill = (label, preset) => make("button", { type: "button", class: "st-pill", "aria-pressed": String(same(preset)), onclick: () => set({ ...defaults, ...preset }) }, label);
  const presets = make("div", { class: "st-presets", role: "group", "aria-label": text("presets") });
  const drawPresets = () => Studio.rebuild(presets,
    ...Object.entries(given).map(([name, preset]) => pill(text(`preset_${name}`), preset)),
    ...own.all().map(({ name, preset }) => make("span", { class: "st-own-preset" }, pill(name, preset),
      button("close", "preset_remove", () => { own.remove(name); drawPresets(); }, { "aria-label": `${text("preset_remove")}: ${name}` }))),
    make("button", { type: "button", class: "st-pill", id: "dice", onclick: () => trigger("surprise", {}) }, text("surprise")),
    naming.hidden ? button("plus", "preset_keep", () => { naming.hidden = false; drawPresets(); field.focus(); }, { class: "st-button st-icon-only st-pill" }) : null);
  const field = make("input", { type: "text", maxlength: 30, required: true, "aria-label": text("preset_name"), placeholder: text("preset_name"), onkeydown: (event) => { if (event.key === "Escape") close(); } });
  const close = () => { naming.hidden = true; field.value = ""; drawPresets(); presets.lastChild.focus(); };
  const naming = make("form", { class: "st-naming", hidden: true, onsubmit: (event) => { event.preventDefault(); own.keep(field.value.trim(), values); close(); } },
    field, make("button", { type: "submit", class: "st-button" }, text("preset_save")));

  const all = button("again", "reset_all", () => set(defaults), { words: true, class: "st-button st-reset-all" });
  const draw = () => {
    sliders.forEach(({ show }) => show());
    all.hidden = same({});
    drawPresets();
  };
  const rows = (main) => sliders.filter((slider) => slider.main === main).map(({ row }) => row);
  element.replaceChildren(make("div", { class: "st-controls" }, make("h2", { class: "st-sr" }, text("controls")), presets, naming, ...rows(true),
    make("details", {}, make("summary", {}, text("more_controls")), ...rows(false), Studio.preview.choice(preview)), all));
  watch("value", () => { values = { ...defaults, ...(props.value || {}) }; Studio.preview.know("controls", values); draw(); });
  Studio.preview.know("controls", values);
  draw();
};

/** Where a control's value stands on its slider: weights and sizes by their ratio, all else as it is. */
Studio.scale = ({ low, high }) => {
  if (low <= 0) return { low, high, step: 0.05, to: (value) => value, from: (at) => Number(at.toFixed(2)) };
  return { low, high, step: 0.1, to: Math.log2, from: (at) => Math.min(high, Math.max(low, Number((2 ** at).toPrecision(2)))) };
};

/** The visitor's presets, on this device; the newest stands last and replaces one of its name. */
Studio.ownPresets = (most = 12) => {
  const key = "studio-presets";
  let kept = [];
  try {
    const found = JSON.parse(localStorage.getItem(key) || "[]");
    kept = found.filter(({ name, preset }) => typeof name === "string" && Object.values(preset).every(Number.isFinite));
  } catch { /* no storage allowed, or something else lies there */ }
  const store = () => { try { localStorage.setItem(key, JSON.stringify(kept)); } catch { /* they last as long as the page */ } };
  const without = (name) => kept.filter((one) => one.name !== name);
  return {
    all: () => kept,
    keep: (name, preset) => { if (name) { kept = [...without(name), { name, preset: { ...preset } }].slice(-most); store(); } },
    remove: (name) => { kept = without(name); store(); },
  };
};
