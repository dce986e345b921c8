// The styles of the server's libraries, asked for when they are to be seen.
// A source {library, version} comes from the server; another version means that something changed.
(() => {
  const known = new Map(); // items by library and name, so that a chosen style needs no second request
  const used = new Set();
  const ask = async (path, query = {}) => {
    const words = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
    const answer = await fetch(Studio.stylesUrl(`${path}?${words}`));
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  };
  const keep = (source, items) => items.forEach((item) => known.set(`${source.library} ${item.name}`, item));

  Studio.styles = {
    /** A page: query {text, tag, after, like, names}; returns {items, more, tags}. */
    page: async (source, query) => {
      const found = await ask(source.library, query);
      keep(source, found.items);
      return found;
    },
    /** A level of the map: {items} with x, y and count. */
    map: async (source, path) => {
      const found = await ask(`${source.library}/map`, { path });
      keep(source, found.items);
      return found;
    },
    /** Learn of styles by name; afterwards `get` has those that there are. */
    learn: async (source, names) => {
      const missing = names.filter((name) => !Studio.styles.get(source, name));
      if (missing.length) await Studio.styles.page(source, { names: missing.join(",") });
    },
    get: (source, name) => known.get(`${source.library} ${name}`),
    /** Everything is to be asked for again. */
    forget: (source) => [...known.keys()].filter((key) => key.startsWith(`${source.library} `)).forEach((key) => known.delete(key)),
    /** Note that a style was chosen here. */
    use: (source, name) => used.add(`${source.library} ${name}`),
    /** The styles that were chosen on this page, as far as they are there. */
    used: (source) => [...used].filter((key) => key.startsWith(`${source.library} `)).map((key) => known.get(key)).filter(Boolean),
    /** The address of a style's picture; a small one where it is shown at about 100 px. */
    thumb: (item, small = false) => Studio.stylesUrl(item.thumb) + (small && devicePixelRatio < 1.3 ? "&small" : ""),
  };
})();
