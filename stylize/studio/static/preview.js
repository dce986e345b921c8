// Previews: what follows a slider or a style is painted by the server, or by the device itself where that
// is faster. What stays on screen, is saved, and has regions is the server's; by the contract it is the same picture.
// The visitor may decide; else the engine (some 6 MB) is fetched only once the server has been slow, and what
// answers sooner paints.
Studio.preview = (() => {
  const { make, text } = Studio;
  const KEY = "studio-preview";
  const WAYS = ["auto", "device", "server"];
  const LATE = new Error("The content has not arrived yet.");
  const SLOW_MS = 250; // an answer of the server that is felt
  const BETTER = 0.8; // of the server's time, or it goes on
  let given = null; // {engine, encoder, side_px}: see components.controls
  let way = "auto";
  let loading = null;
  let engine = null;
  let module = null;
  let picture = null; // {key, pixels}: the content as it is painted
  let asked = 0;
  let busy = false;
  const looks = {}; // {controls, styles} as they are shown
  const took = { server: 0, device: 0 }; // ms, smoothed
  const vectors = new Map();

  try { way = WAYS.find((one) => one === localStorage.getItem(KEY)) || way; } catch { /* no storage allowed */ }

  const note = (who, ms) => { took[who] = took[who] ? took[who] + 0.4 * (ms - took[who]) : ms; };
  const load = () => {
    loading ??= (async () => {
      module = await import(new URL(given.engine, document.baseURI));
      engine = await module.load();
      await warm();
      took.device = 0; // the first one takes longer
      await warm();
    })().catch(() => { engine = null; }); // the server paints
    return loading;
  };
  const wanted = () => way === "device" || (way === "auto" && took.server > SLOW_MS);
  const better = () => way === "device" || (took.device > 0 && took.device < BETTER * took.server);

  const vector = async ({ library, version }, name) => {
    const key = `${library} ${version} ${name}`; // a name may come to stand for another style
    if (!vectors.has(key)) {
      const answer = await fetch(Studio.stylesUrl(`${library}/vector/${encodeURIComponent(name)}`));
      if (!answer.ok) throw new Error(`${answer.status}`);
      vectors.set(key, module.makeStyle(new Float32Array(await answer.arrayBuffer()), given.encoder));
    }
    return vectors.get(key);
  };
  const content = async ({ content: key }) => {
    if (!picture || picture.key !== key) {
      const url = Studio.arrivedUrl(key);
      if (!url) throw LATE;
      picture = { key, pixels: await engine.prepare(await (await fetch(url)).blob(), given.side_px) };
    }
    return picture.pixels;
  };

  /** Paint the look that is shown; returns a URL. */
  const paint = async () => {
    const pixels = await content(Studio.shownResult);
    const { source, weights } = looks.styles;
    const names = Object.keys(weights);
    const style = module.blend(await Promise.all(names.map((name) => vector(source, name))), Object.values(weights));
    const start = performance.now();
    const painted = await engine.stylize(pixels, style, looks.controls, { fast: true });
    const canvas = make("canvas", { width: painted.width, height: painted.height });
    canvas.getContext("2d").putImageData(painted, 0, 0);
    const url = canvas.toDataURL("image/jpeg", 0.85);
    note("device", performance.now() - start);
    return url;
  };
  const warm = () => paint().catch((error) => { if (error !== LATE) throw error; });
  const follow = async (ask) => {
    busy = true;
    try {
      let seen;
      do {
        seen = JSON.stringify(looks);
        const { content: key, scene } = Studio.shownResult;
        const look = { styles: looks.styles.weights, ...looks.controls };
        const after = await paint();
        const now = Studio.shownResult;
        if (now.content === key && now.scene === scene) Studio.showLive({ ...now, after, look, live: true, note: text("preview_here") });
      } while (seen !== JSON.stringify(looks));
    } catch (error) {
      if (error !== LATE) engine = null;
      ask();
    } finally {
      busy = false;
    }
  };

  return {
    /**
     * Note how a look has changed, and have it painted.
     * @param what "controls", whose value is {control: number}, or "styles": {source, weights}.
     * @param ask Asks the server.
     */
    paint: (what, value, ask) => {
      looks[what] = value;
      const { shownResult: shown } = Studio;
      const possible = given && shown && !(Studio.painted && Studio.painted()) && looks.styles && Object.keys(looks.styles.weights).length;
      if (possible && wanted()) load();
      if (possible && engine && looks.controls && better()) {
        if (!busy) follow(ask);
        return;
      }
      asked ||= performance.now(); // while a slider is held, the server answers now and then
      ask();
    },
    /** Remember a look that is shown already. */
    know: (what, value) => { looks[what] = value; },
    /** A picture of the server's has come, live or not. */
    answered: (live) => { if (asked && live) note("server", performance.now() - asked); asked = 0; },
    /** Return the choice of who paints; nothing where there is none. */
    choice: (props) => {
      if (!props || !props.engine || !Studio.canPaint()) return null;
      given = props;
      const select = make("select", { id: "preview-way", onchange: () => {
        way = select.value;
        try { localStorage.setItem(KEY, way); } catch { /* it lasts as long as the page */ }
        if (way === "device" && Studio.shownResult) load();
      } }, ...WAYS.map((one) => make("option", { value: one, selected: one === way }, text(`preview_${one}`))));
      return make("div", { class: "st-control" }, make("div", { class: "st-control-head" }, make("label", { for: "preview-way" }, text("preview")), select),
        make("p", { class: "st-control-info" }, text("preview_info")));
    },
  };
})();

// Whether this browser knows the instructions that the engine is made of: a program of one of them.
Studio.canPaint = () => {
  const program = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
  return typeof WebAssembly === "object" && WebAssembly.validate(new Uint8Array(program));
};
