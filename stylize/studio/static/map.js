// The map of styles: similar styles lie close together. props.items: [{name, title, artist, thumb, x, y}].
// value: name of the chosen style | null. Event: select.
Studio.map = ({ element, props, trigger, watch }) => {
  const { make, text } = Studio;
  const field = make("div", { class: "st-map", role: "group", "aria-label": text("map") });
  element.replaceChildren(make("p", { class: "st-hint" }, text("map_hint")), field);
  const mark = () => field.querySelectorAll("button").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.name === props.value)));
  const draw = () => {
    field.replaceChildren(...(props.items || []).map((item) => make("button", { type: "button", "data-name": item.name, style: `--x:${item.x};--y:${item.y}`, title: [item.title, item.artist].filter(Boolean).join(", "), onclick: () => { props.value = item.name; mark(); trigger("select", { name: item.name }); } }, make("img", { src: item.thumb, alt: item.title, loading: "lazy" }))));
    mark();
  };
  watch("items", draw);
  watch("value", mark);
  draw();
};
