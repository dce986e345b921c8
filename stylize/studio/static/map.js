// The map of styles: similar styles lie close together. Of many styles it shows groups, to be opened.
// props.source: see library.js. value: name of the chosen style | null. Event: select.
Studio.map = ({ element, props, trigger, watch }) => {
  const { make, text, styles } = Studio;
  const field = make("div", { class: "st-map", role: "group", "aria-label": text("map") });
  const back = Studio.button("undo", "map_back", () => go(path.slice(0, -1)), { words: true, hidden: true });
  element.replaceChildren(make("div", { class: "st-map-head" }, make("p", { class: "st-hint" }, text("map_hint")), back), field);
  let source = Studio.sourceOf(props);
  let path = [];
  let latest = 0;
  let stale = true;
  const mark = () => field.querySelectorAll("button").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.name === props.value)));
  const choose = (item) => { props.value = item.name; mark(); trigger("select", { name: item.name }); };
  const spot = (item, index) => {
    const group = item.count > 1;
    const label = group ? text("map_group", { n: item.count, title: Studio.titleOf(item) }) : [Studio.titleOf(item), item.artist].filter(Boolean).join(", ");
    return make("button", { type: "button", class: group ? "st-group" : null, "data-name": group ? null : item.name, style: `--x:${item.x};--y:${item.y}`, title: label, "aria-label": label, onclick: () => (group ? go([...path, index]) : choose(item)) },
      make("img", { src: styles.thumb(item, true), alt: "", loading: "lazy" }), group ? make("span", { class: "st-count", "aria-hidden": "true" }, String(item.count)) : null);
  };
  const go = async (wanted) => {
    const mine = (latest += 1);
    const found = await styles.map(source, wanted.join(".")).catch(() => null);
    if (mine !== latest) return;
    if (!found && wanted.length) { go([]); return; } // the groups have changed
    stale = false;
    path = wanted;
    field.style.setProperty("--side", found ? found.side : 1);
    back.hidden = !path.length;
    field.replaceChildren(...(found ? found.items : []).map(spot));
    mark();
  };
  const seen = () => { if (stale && element.offsetParent) go([]); };
  new IntersectionObserver(seen).observe(field);
  watch("source", () => { if (props.source) { source = props.source; stale = true; seen(); } });
  watch("value", mark);
};
