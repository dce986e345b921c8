// What another tab paints with: the styles of Create with their shares, and the controls that were moved there.
// props.defaults: {control: number}.
Studio.look = ({ element, props }) => {
  const { make, text, styles } = Studio;
  const { defaults } = props;
  const row = make("div", { class: "st-look", role: "group", "aria-label": text("batch_look") });
  element.replaceChildren(row);
  const draw = async ({ styles: weights, ...controls }) => {
    const names = Object.keys(weights);
    const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0) || 1;
    const source = Studio.sourceOf({}); // as it is by now
    await styles.learn(source, names).catch(() => {});
    const known = names.map((name) => styles.get(source, name)).filter(Boolean);
    const moved = Object.keys(defaults).filter((name) => controls[name] !== defaults[name]);
    row.replaceChildren(
      ...known.map((style) => make("span", { class: "st-look-style" }, make("img", { src: styles.thumb(style, true), alt: "" }), `${Studio.titleOf(style)}${known.length > 1 ? ` ${Math.round((100 * weights[style.name]) / total)} %` : ""}`)),
      ...moved.map((name) => make("span", { class: "st-look-control" }, `${text(name)} ${controls[name].toLocaleString(Studio.language)}`)));
  };
  document.addEventListener("studio-result", ({ detail }) => draw(detail.look));
  if (Studio.shownResult) draw(Studio.shownResult.look);
};
