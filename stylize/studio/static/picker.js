// The gallery of styles: search, tags, 'more like this', one style or a blend with a weight each.
// props.source: see library.js; props.limit: largest blend. Styles are asked for as they come into sight.
// value: {name: weight}. Events: input (while a weight moves), change comes by itself.
Studio.picker = ({ element, props, trigger, watch }) => {
  const { make, button, text, styles } = Studio;
  const limit = props.limit || 4; // an update of some props forgets the others
  let source = Studio.sourceOf(props);
  let chosen = { ...(props.value || {}) };
  let tag = null;
  let near = null;
  let list = null; // of those that this device keeps: "favourites" or "recent"
  const kept = Studio.keptStyles;
  const search = make("input", { type: "search", class: "st-search", placeholder: text("search_styles"), "aria-label": text("search_styles"), maxlength: 200, oninput: () => { near = list = null; soon(); } });
  const tags = make("div", { class: "st-tags", role: "group", "aria-label": text("tags") });
  const end = make("div", { class: "st-grid-end", "aria-hidden": "true" });
  const grid = make("div", { class: "st-grid", role: "group", "aria-label": text("styles") }, end);
  const strip = make("div", { class: "st-chosen", role: "group", "aria-label": text("chosen_styles") });
  const found = make("p", { class: "st-found", role: "status", "aria-live": "polite" });
  element.replaceChildren(make("div", { class: "st-picker" }, make("h2", { class: "st-sr" }, text("styles")), strip, search, tags, found, grid));

  const byName = (name) => styles.get(source, name);
  const preview = limit > 1 ? Studio.preview : { paint: (what, value, ask) => ask(), know: () => {} }; // one style: nothing is painted by it
  const weights = () => ({ source, weights: { ...chosen } });
  const tell = () => {
    props.value = { ...chosen };
    preview.paint("styles", weights(), () => trigger("input", {}));
  };
  const full = () => Object.keys(chosen).length >= limit;

  const choose = (name) => { chosen = { [name]: 1 }; styles.use(source, name); kept.use(name); tell(); drawAll(); drawTags(); };
  const mix = (name) => {
    if (name in chosen) delete chosen[name];
    else if (full()) return;
    else chosen[name] = Object.keys(chosen).length ? 0.5 : 1;
    styles.use(source, name);
    kept.use(name);
    tell();
    drawAll();
    drawTags();
  };

  const drawStrip = () => {
    const names = Object.keys(chosen).filter(byName);
    strip.hidden = names.length === 0;
    Studio.rebuild(strip, ...names.map((name) => {
      const style = byName(name);
      const share = make("output", { class: "st-share" });
      const weight = make("input", { type: "range", min: 0.05, max: 1, step: 0.05, value: chosen[name], "aria-label": text("weight_of", { title: Studio.titleOf(style) }), oninput: (event) => { chosen[name] = Number(event.target.value); tell(); shares(); } });
      return make("div", { class: "st-chip", "data-name": name },
        make("img", { src: styles.thumb(style, true), alt: "" }),
        make("div", { class: "st-chip-text" }, make("strong", {}, Studio.titleOf(style)), make("span", {}, [style.artist, style.year].filter(Boolean).join(", ")), names.length > 1 ? make("div", { class: "st-weight" }, weight, share) : null),
        button("star", "favourite", () => { kept.star(name); drawStrip(); if (list) again(); else drawTags(); }, { class: "st-button st-icon-only st-star", "aria-pressed": String(kept.all("favourites").includes(name)) }),
        button("like", "more_like_this", () => { near = name; tag = list = null; search.value = ""; again(); grid.scrollTop = 0; }),
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

  let allTags = [];
  const drawTags = () => {
    const lists = ["favourites", "recent"].filter((name) => kept.all(name).length);
    tags.hidden = allTags.length + lists.length === 0;
    Studio.rebuild(tags,
      ...lists.map((name) => make("button", { type: "button", class: "st-tag", "aria-pressed": String(name === list), onclick: () => { list = list === name ? null : name; near = tag = null; again(); } }, Studio.icon(name === "recent" ? "recent" : "star"), text(name))),
      ...allTags.map((name) => make("button", { type: "button", class: "st-tag", "aria-pressed": String(name === tag), onclick: () => { tag = tag === name ? null : name; near = list = null; again(); } }, Studio.tagText(name))));
  };

  const tile = (style) => {
    const on = style.name in chosen;
    return make("div", { class: "st-tile", "data-on": String(on), "data-name": style.name },
      make("button", { type: "button", class: "st-pick", tabindex: -1, "aria-pressed": String(on), "aria-keyshortcuts": "+", title: [Studio.titleOf(style), style.artist, style.year].filter(Boolean).join(", "), "aria-label": [Studio.titleOf(style), style.artist, style.year].filter(Boolean).join(", "), onclick: () => choose(style.name) },
        make("img", { src: styles.thumb(style, true), alt: "", loading: "lazy" }), make("span", { class: "st-title" }, Studio.titleOf(style))),
      make("button", { type: "button", class: "st-mix", tabindex: -1, "aria-label": text(on ? "remove_from_blend" : "add_to_blend") + ": " + Studio.titleOf(style), title: text(on ? "remove_from_blend" : "add_to_blend"), disabled: !on && full(), onclick: () => mix(style.name) }, Studio.icon(on ? "check" : "plus")));
  };

  // The gallery is one stop of the tabulator; within it arrow keys move, and + adds to the blend.
  const picks = () => [...grid.querySelectorAll(".st-pick")];
  const oneStop = (goal = grid.querySelector(".st-pick[tabindex='0']") || grid.querySelector("[data-on='true'] .st-pick") || grid.querySelector(".st-pick")) => picks().forEach((pick) => { pick.tabIndex = pick === goal ? 0 : -1; });
  grid.addEventListener("focusin", (event) => { const pick = event.target.closest(".st-pick"); if (pick) oneStop(pick); });
  grid.addEventListener("keydown", (event) => {
    const pick = event.target.closest(".st-pick");
    if (!pick) return;
    if (event.key === "+") { event.preventDefault(); mix(pick.parentElement.dataset.name); return; }
    const all = picks();
    const at = all.indexOf(pick);
    const row = all.findIndex((one) => one.offsetTop !== all[0].offsetTop || one.parentElement.offsetTop !== all[0].parentElement.offsetTop);
    const columns = row > 0 ? row : all.length;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns, ArrowDown: at + columns, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (all[to]) all[to].focus();
  });

  // Pages follow one another as the end of the grid comes into sight; what was asked before the
  // search changed is not shown any more.
  let request = 0;
  let loading = false;
  let last = "";
  const next = async () => {
    if (loading) return;
    loading = true;
    const mine = request;
    const query = near ? { like: near } : list ? { names: kept.all(list).join(",") } : { text: search.value.trim(), tag, after: last };
    const named = last || !query.text ? [] : Studio.titledLike(query.text); // in the visitor's language
    const [page, also] = await Promise.all([styles.page(source, query), named.length ? styles.page(source, { names: named.join(",") }) : { items: [] }])
      .catch(() => [{ items: [], more: false }, { items: [] }]);
    page.items = [...also.items.filter(({ name }) => !page.items.some((item) => item.name === name)), ...page.items];
    if (mine !== request) return;
    loading = false;
    if (near && !page.items.length) { near = null; again(); return; } // removed meanwhile
    if (page.tags) { allTags = page.tags; drawTags(); }
    if (!last) {
      Studio.rebuild(grid, ...page.items.map(tile), end);
      found.replaceChildren();
      if (near) found.append(text("like_style", { title: Studio.titleOf(byName(near)) }), " ", make("button", { type: "button", class: "st-clear", onclick: () => { near = null; again(); search.focus(); } }, text("show_all")));
      else if (!page.items.length) found.append(text("nothing_found"));
    } else end.before(...page.items.map(tile));
    oneStop();
    if (!last) reveal();
    last = page.items.length ? page.items[page.items.length - 1].name : last;
    observer.unobserve(end);
    observer.unobserve(grid);
    if (page.more) observer.observe(end); // told at once, should it still be in sight
  };
  const observer = new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) next(); }, { rootMargin: "300px", scrollMargin: "300px" });
  const again = () => {
    request += 1;
    loading = false;
    last = "";
    drawTags();
    observer.unobserve(end);
    observer.unobserve(grid); // observed anew it tells anew
    if (grid.offsetParent) next();
    else observer.observe(grid); // not in sight; its end may stay so: old tiles fill the grid
  };
  const soon = Studio.later(again, 150);

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
    if (!tile) return;
    const [inner, outer] = [tile.getBoundingClientRect(), grid.getBoundingClientRect()];
    const seen = inner.top >= outer.top && inner.bottom <= outer.bottom && inner.left >= outer.left && inner.right <= outer.right;
    if (!seen) grid.scrollBy({ top: inner.top - outer.top - 8, left: inner.left - outer.left - 8 });
  };
  const learn = async () => {
    const asked = Object.keys(chosen);
    const known = await styles.learn(source, asked).then(() => true, () => false);
    drawAll();
    return known ? asked.filter((name) => name in chosen && !byName(name)) : [];
  };
  const renew = async () => {
    styles.forget(source);
    again();
    const gone = await learn(); // removed in the other tab
    if (!gone.length) return;
    gone.forEach((name) => delete chosen[name]);
    drawAll();
    tell();
  };
  watch("source", () => {
    if (!props.source) return; // an update of the value forgets the other props
    source = Studio.sourceOf(props);
    preview.know("styles", weights());
    Studio.changedStyles();
    renew();
  });
  // From another tab of the page to where it is painted.
  if (limit > 1) {
    Studio.useStyle = async (name) => {
      if (!name) return; // none is chosen there
      await styles.learn(source, [name]);
      choose(name);
      Studio.gradio.firstTab("tabs");
    };
  }
  Studio.elsewhere(renew);
  watch("value", async () => { chosen = { ...(props.value || {}) }; preview.know("styles", weights()); await learn(); reveal(); });
  preview.know("styles", weights());
  again();
  learn();
};

/** Names of styles that this device keeps: those with a star, and those used last, the latest first. */
Studio.keptStyles = (() => {
  const most = { favourites: 60, recent: 12 };
  const read = (list) => {
    try {
      const found = JSON.parse(localStorage.getItem(`studio-${list}`) || "[]");
      return found.filter((name) => typeof name === "string");
    } catch { return []; } // no storage allowed, or something else lies there
  };
  const lists = { favourites: read("favourites"), recent: read("recent") };
  const store = (list, names) => {
    lists[list] = names.slice(0, most[list]);
    try { localStorage.setItem(`studio-${list}`, JSON.stringify(lists[list])); } catch { /* they last as long as the page */ }
  };
  const without = (list, name) => lists[list].filter((one) => one !== name);
  return {
    all: (list) => lists[list],
    star: (name) => store("favourites", lists.favourites.includes(name) ? without("favourites", name) : [name, ...lists.favourites]),
    use: (name) => store("recent", [name, ...without("recent", name)]),
  };
})();
