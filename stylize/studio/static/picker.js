// The gallery of styles: search, tags, 'more like this', one style or a blend with a weight each.
// props.styles: [{name, title, artist, year, tags, thumb, own, like}]; props.limit: largest blend.
// value: {name: weight}. Events: input (while a weight moves), change comes by itself.
Studio.picker = ({ element, props, trigger, watch }) => {
  const { make, button, text } = Studio;
  const limit = props.limit || 4; // an update of some props forgets the others
  let chosen = { ...(props.value || {}) };
  let tag = null;
  let near = null;
  const search = make("input", { type: "search", class: "st-search", placeholder: text("search_styles"), "aria-label": text("search_styles"), oninput: () => { near = null; drawGrid(); } });
  const tags = make("div", { class: "st-tags", role: "group", "aria-label": text("tags") });
  const grid = make("div", { class: "st-grid", role: "group", "aria-label": text("styles") });
  const strip = make("div", { class: "st-chosen", role: "group", "aria-label": text("chosen_styles") });
  const found = make("p", { class: "st-found", role: "status", "aria-live": "polite" });
  element.replaceChildren(make("div", { class: "st-picker" }, strip, search, tags, found, grid));

  const styles = () => props.styles || [];
  const byName = (name) => styles().find((style) => style.name === name);
  const tell = () => { props.value = { ...chosen }; trigger("input", {}); };
  const full = () => Object.keys(chosen).length >= limit;

  const choose = (name) => { chosen = { [name]: 1 }; tell(); drawAll(); };
  const mix = (name) => {
    if (name in chosen) delete chosen[name];
    else if (full()) return;
    else chosen[name] = Object.keys(chosen).length ? 0.5 : 1;
    tell();
    drawAll();
  };

  const drawStrip = () => {
    const names = Object.keys(chosen).filter(byName);
    strip.hidden = names.length === 0;
    strip.replaceChildren(...names.map((name) => {
      const style = byName(name);
      const share = make("output", { class: "st-share" });
      const weight = make("input", { type: "range", min: 0.05, max: 1, step: 0.05, value: chosen[name], "aria-label": text("weight_of", { title: style.title }), oninput: (event) => { chosen[name] = Number(event.target.value); tell(); shares(); } });
      return make("div", { class: "st-chip", "data-name": name },
        make("img", { src: style.thumb, alt: "" }),
        make("div", { class: "st-chip-text" }, make("strong", {}, style.title), make("span", {}, [style.artist, style.year].filter(Boolean).join(", ")), names.length > 1 ? make("div", { class: "st-weight" }, weight, share) : null),
        button("like", "more_like_this", () => { near = name; tag = null; search.value = ""; drawTags(); drawGrid(); grid.scrollTop = 0; }),
        names.length > 1 ? button("close", "remove_from_blend", () => mix(name)) : null);
    }));
    shares();
  };
  const shares = () => {
    const total = Object.values(chosen).reduce((sum, weight) => sum + weight, 0) || 1;
    strip.querySelectorAll(".st-chip").forEach((chip) => {
      const share = chip.querySelector(".st-share");
      if (share) share.textContent = `${Math.round((100 * chosen[chip.dataset.name]) / total)} %`;
    });
  };

  const drawTags = () => {
    const counts = new Map();
    styles().forEach((style) => (style.tags || []).forEach((name) => counts.set(name, (counts.get(name) || 0) + 1)));
    const names = [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, 14).map(([name]) => name);
    tags.hidden = names.length === 0;
    tags.replaceChildren(...names.map((name) => make("button", { type: "button", class: "st-tag", "aria-pressed": String(name === tag), onclick: () => { tag = tag === name ? null : name; near = null; drawTags(); drawGrid(); } }, name)));
  };

  const matches = () => {
    if (near) {
      const order = [near, ...((byName(near) || {}).like || [])];
      return order.map(byName).filter(Boolean);
    }
    const words = Studio.plain(search.value).split(/\s+/).filter(Boolean);
    return styles().filter((style) => {
      const hay = Studio.plain([style.title, style.artist, style.year, style.movement, ...(style.tags || [])].join(" "));
      return (!tag || (style.tags || []).includes(tag)) && words.every((word) => hay.includes(word));
    });
  };
  const drawGrid = () => {
    const list = matches();
    found.replaceChildren();
    if (near) found.append(text("like_style", { title: byName(near).title }), " ", make("button", { type: "button", class: "st-clear", onclick: () => { near = null; drawGrid(); } }, text("show_all")));
    else if (list.length === 0) found.append(text("nothing_found"));
    grid.replaceChildren(...list.map((style) => {
      const on = style.name in chosen;
      return make("div", { class: "st-tile", "data-on": String(on), "data-name": style.name },
        make("button", { type: "button", class: "st-pick", "aria-pressed": String(on), title: [style.title, style.artist, style.year].filter(Boolean).join(", "), onclick: () => choose(style.name) },
          make("img", { src: style.thumb, alt: text("style_alt", { title: style.title, artist: style.artist || "" }), loading: "lazy" }), make("span", { class: "st-title" }, style.title)),
        make("button", { type: "button", class: "st-mix", "aria-label": text(on ? "remove_from_blend" : "add_to_blend") + ": " + style.title, title: text(on ? "remove_from_blend" : "add_to_blend"), disabled: !on && full(), onclick: () => mix(style.name) }, Studio.icon(on ? "check" : "plus")));
    }));
  };
  const drawAll = () => {
    drawStrip();
    grid.querySelectorAll(".st-tile").forEach((tile) => {
      const on = tile.dataset.name in chosen;
      tile.dataset.on = String(on);
      tile.querySelector(".st-pick").setAttribute("aria-pressed", String(on));
      const plus = tile.querySelector(".st-mix");
      plus.replaceChildren(Studio.icon(on ? "check" : "plus"));
      plus.disabled = !on && full();
    });
  };

  const reveal = () => {
    const tile = grid.querySelector('.st-tile[data-on="true"]');
    if (tile) grid.scrollTo({ top: tile.offsetTop - grid.offsetTop - 8, left: tile.offsetLeft - grid.offsetLeft - 8 });
  };
  watch("styles", () => {
    if (!byName(near)) near = null;
    const gone = Object.keys(chosen).filter((name) => !byName(name)); // removed in the other tab
    gone.forEach((name) => delete chosen[name]);
    drawTags();
    drawGrid();
    drawStrip();
    if (gone.length) tell();
  });
  watch("value", () => { chosen = { ...(props.value || {}) }; drawAll(); reveal(); });
  drawTags();
  drawGrid();
  drawStrip();
  reveal();
};
