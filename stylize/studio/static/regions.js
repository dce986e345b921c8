// Paint regions over the content, each with a style of its own: by hand, or the subject and what lies behind it.
// props.source as of the picker. value from the server: {content: {key, width, height}} | null, or {found, content}, a
// mask for the content of that key; to the server: {painted, styles: {colour: name | ""}, soft} | null. An earlier
// state comes back as {content, painted, styles, soft}. Events: input, find {box, behind}.
Studio.regions = ({ element, props, trigger, watch }) => {
  const { make, button, text, styles } = Studio;
  const colors = ["#e4572e", "#17a398", "#f3a712", "#7b3fbf", "#2563eb", "#ec4899"];
  const softest = 0.08; // of the longer side
  let source = Studio.sourceOf(props);
  let content = null;
  let first = []; // what a gallery begins with: styles for colours that have none yet
  let soft = 0.28;
  const chosen = {};
  const pad = new Studio.Pad({
    width: 640, height: 480, colors, sizes: [10, 24, 50, 100], size: 2, kinds: ["lasso", "fill", "box"],
    onlift: () => tell(), onbox: (box) => find({ box }),
  });

  /** The style of each colour; none, the picture as it is, also before the styles are known. */
  const meant = () => Object.fromEntries(colors.map((color) => [color, chosen[color] || ""]));
  /** The regions as they are sent, null if there are none. */
  const painted = () => (pad.blank ? null : { painted: pad.data(), styles: meant(), soft: softest * soft ** 2 });
  Studio.painted = painted;
  const tell = () => {
    props.value = painted();
    Studio.session.keep("painted", props.value);
    trigger("input", {});
  };

  // -------------------------------------------------------------- the subject, found by the server
  let wanted = null; // colour of what is looked for
  const busy = (on) => { pad.sheet.setAttribute("aria-busy", String(on)); finders.forEach((one) => { one.disabled = on; }); };
  const find = ({ box = null, behind = false }) => {
    if (wanted || !content) return;
    wanted = pad.color;
    busy(true);
    trigger("find", { box, behind });
  };
  const finders = [
    button("subject", "find_subject", () => find({}), { words: true }),
    button("behind", "find_background", () => find({ behind: true }), { words: true }),
  ];
  const nothing = make("p", { class: "st-content-line", role: "alert", hidden: true });
  const found = async ({ found: url, content: key }) => {
    const mask = new Image();
    if (url) {
      mask.src = url;
      await mask.decode();
    }
    const color = wanted; // null once there is another content
    wanted = null;
    busy(false);
    nothing.hidden = Boolean(url);
    nothing.textContent = text("subject_nothing");
    if (url && color && content && content.key === key) pad.add({ color, image: Studio.pixels.tint(mask, color) });
  };

  // -------------------------------------------------------------------------------- what is below
  let result = null;
  let below = "result";
  const showBelow = () => {
    element.dataset.below = below;
    pad.show(below === "result" ? result : null);
  };
  const view = make("div", { class: "st-segments st-below", role: "radiogroup", "aria-label": text("regions_below") },
    ...["picture", "result"].map((name) => make("label", {}, make("input", { type: "radio", name: "regions-below", value: name, checked: name === below, onchange: () => { below = name; showBelow(); } }), make("span", {}, text(name)))));
  const take = (shown) => { result = shown && content && shown.content === content.key ? shown.after : null; showBelow(); };
  document.addEventListener("studio-result", ({ detail }) => take(detail));

  // --------------------------------------------------------------------------------------- tools
  const edge = make("input", { type: "range", min: 0, max: 1, step: 0.02, value: soft, "aria-label": text("soft_edge"), oninput: () => { soft = Number(edge.value); blur(); }, onchange: () => { if (!pad.blank) tell(); } });
  const blur = () => {
    const share = softest * soft ** 2; // a Gaussian edge is four standard deviations wide, as on the server
    pad.canvas.style.filter = `blur(${(share * Math.max(pad.canvas.clientWidth, pad.canvas.clientHeight)) / 4}px)`;
  };
  new ResizeObserver(blur).observe(pad.canvas);
  pad.tools.append(
    button("invert", "invert", () => pad.add({ color: pad.color, invert: true })), ...finders,
    make("label", { class: "st-soft" }, make("span", {}, text("soft_edge")), edge));
  // Made once: the focus goes back to one of them when the dialogue closes, whatever was drawn anew meanwhile.
  const choosers = colors.map((color) => make("button", { type: "button", class: "st-region-style", onclick: () => { pad.pick(color); dialogue.open(color); } }));
  const choices = make("div", { class: "st-region-styles" }, ...choosers.map((chooses, index) => make("div", { class: "st-region" }, pad.swatches[index], chooses)));
  const hint = make("div", { class: "st-regions-head" }, make("p", { class: "st-hint" }, text("regions_hint")), view);

  // ------------------------------------------------------------------------- a style for a colour
  const chooser = () => {
    const holder = make("div");
    const inner = { source, limit: 1, value: {} };
    let color = null;
    const take = (name) => { dialog.close(); chosen[color] = name; drawChoices(); if (!pad.blank) tell(); };
    const dialog = make("dialog", { class: "st-dialog st-style-dialog", "aria-label": text("style") },
      make("div", { class: "st-dialog-actions" },
        make("button", { type: "button", class: "st-button", onclick: () => take("") }, text("keep_picture")),
        make("button", { type: "button", class: "st-button", onclick: () => dialog.close() }, text("cancel"))),
      holder);
    element.append(dialog);
    const watchers = {};
    return {
      renew: () => { inner.source = source; if (watchers.source) watchers.source(); },
      open: (of) => {
        color = of;
        inner.value = chosen[of] ? { [chosen[of]]: 1 } : {};
        if (!holder.childElementCount) Studio.picker({ element: holder, props: inner, watch: (name, told) => { watchers[name] = told; }, trigger: () => { if (dialog.open) take(Object.keys(inner.value)[0] || ""); } });
        else watchers.value();
        dialog.showModal();
      },
    };
  };
  const drawChoices = () => {
    colors.forEach((color, index) => { if (first.length && !(color in chosen)) chosen[color] = index === 0 ? "" : (first[(5 * index) % first.length] || { name: "" }).name; });
    colors.forEach((color, index) => {
      const style = chosen[color] ? styles.get(source, chosen[color]) : null;
      const title = style ? Studio.titleOf(style) : text("keep_picture");
      const chooses = choosers[index];
      chooses.dataset.style = style ? style.name : "";
      chooses.title = title;
      chooses.setAttribute("aria-label", `${text("style_of_colour", { n: index + 1 })}: ${title}`);
      chooses.replaceChildren(style ? make("img", { src: styles.thumb(style, true), alt: "" }) : Studio.icon("photo"), make("span", {}, title));
    });
  };

  const fresh = () => {
    const value = props.value;
    if (value && "found" in value) { found(value); return; }
    if (!value || !("content" in value)) return; // told by ourselves
    content = value.content;
    wanted = null;
    busy(false);
    nothing.hidden = true;
    const scale = content ? 640 / Math.max(content.width, content.height) : 1;
    pad.reset({ width: Math.round((content ? content.width : 640) * scale), height: Math.round((content ? content.height : 480) * scale) });
    if (content) Studio.contentUrl(content.key, (url) => { pad.state.backdrop = url; pad.repaint(); });
    take(Studio.shownResult);
    const kept = value.painted ? { painted: value.painted, styles: value.styles, soft: value.soft } : null;
    Studio.session.keep("painted", kept);
    if (!kept) return;
    if (kept.soft >= 0) { soft = Math.sqrt(kept.soft / softest); edge.value = soft; blur(); }
    Object.assign(chosen, kept.styles);
    drawChoices();
    pad.restore(kept.painted);
  };
  const refresh = async () => {
    styles.forget(source);
    const page = await styles.page(source, {}).catch(() => null);
    if (!page) return;
    first = page.items;
    await styles.learn(source, Object.values(chosen).filter(Boolean)).catch(() => {});
    const gone = colors.filter((color) => chosen[color] && !styles.get(source, chosen[color])); // removed in the other tab
    gone.forEach((color) => { chosen[color] = ""; });
    const before = meant();
    drawChoices();
    const late = colors.filter((color) => meant()[color] !== before[color] && pad.has(color)); // painted before its style was known
    if ((gone.length || late.length) && !pad.blank) tell();
  };

  element.replaceChildren(hint, choices, pad.element, nothing);
  const dialogue = chooser();
  watch("source", () => {
    if (!props.source) return; // an update of the value forgets the other props
    source = props.source;
    dialogue.renew();
    refresh();
  });
  Studio.elsewhere(refresh);
  watch("value", fresh);
  drawChoices();
  fresh();
  showBelow();
  refresh();
};
