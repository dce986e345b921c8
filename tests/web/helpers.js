// What the tests of the engine do in a page: see test_engine.py. Oxlint: these are called from there.
/* oxlint-disable no-unused-vars */
const opened = {};
let lib;

const picture = async (name) => (await fetch(`/contract/inputs/${name}.png`)).blob();

const openEngine = (precision = "fp32", device = "auto", model = "/contract/tiny_model") => {
  opened[precision + model] ??= import("/dist/engine.js").then((module) => {
    lib = module;
    return lib.load({ model: `${model}/model.json`, precision, device });
  });
  return opened[precision + model];
};

const base64 = ({ data }) => {
  let text = "";
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return btoa(text);
};

/** Paint a case of contract/pictures.json. */
const paint = async (given) => {
  const engine = await openEngine(given.precision, "auto", given.contract && `/${Object.keys(given.contract)[0]}`);
  const names = Object.keys(given.weights);
  const styles = await Promise.all(names.map(async (name) => engine.encodeStyle(await picture(name))));
  const style = lib.blend(styles, Object.values(given.weights));
  const options = { maxSidePx: given.max_side_px, fast: given.fast };
  const painted = await engine.stylize(await picture(given.content), style, given.controls, options);
  return { width: painted.width, height: painted.height, data: base64(painted) };
};

/** Open the engine on a graphics processor; returns what paints. */
const openOnGpu = async () => (await openEngine("fp32", "webgpu")).description.provider;

const threads = async () => (await openEngine()).description.threads;

/** Paint 64 x 32 px that their EXIF says to turn by a quarter. */
const upright = async () => {
  const canvas = new OffscreenCanvas(64, 32);
  canvas.getContext("2d").fillRect(0, 0, 64, 32);
  const jpeg = await (await canvas.convertToBlob({ type: "image/jpeg" })).arrayBuffer();
  const exif = [
    0xff, 0xe1, 0, 34, 69, 120, 105, 102, 0, 0, 77, 77, 0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0,
    0, 0, 0, 0,
  ];
  const turned = new Blob([jpeg.slice(0, 2), Uint8Array.from(exif), jpeg.slice(2)], { type: "image/jpeg" });
  const engine = await openEngine();
  const painted = await engine.stylize(turned, await engine.encodeStyle(await picture("style")));
  return [painted.width, painted.height];
};

/** Return the message that bad input of a kind gets. */
const refused = async (kind) => {
  const engine = await openEngine();
  const style = await engine.encodeStyle(await picture("style"));
  const content = await picture("content");
  const work = {
    "no picture": () => engine.stylize(new Blob(["no picture"]), style),
    "1 px": () => engine.stylize(new ImageData(1, 1), style),
    "a control": () => engine.stylize(content, style, { strength: 2 }),
    "no model": () => lib.load({ model: "/nowhere/model.json" }),
    "another file": () => lib.load({ model: "/contract/pictures.json" }),
  }[kind];
  return work().then(() => null, ({ code, message }) => ({ code, message }));
};

/** Give up one picture and paint another. */
const unwanted = async () => {
  const engine = await openEngine();
  const style = await engine.encodeStyle(await picture("style"));
  const content = await picture("content");
  const control = new AbortController();
  const { signal } = control;
  const first = engine.stylize(content, style, { stroke_size: 4 }, { signal }).catch((error) => error.name);
  control.abort();
  const second = await engine.stylize(content, style);
  return [await first, second.width];
};

/** Close an engine at work, and paint again. */
const closed = async () => {
  await openEngine();
  const engine = await lib.load({ model: "/contract/tiny_model/model.json" });
  const style = await engine.encodeStyle(await picture("style"));
  const content = await picture("content");
  const lost = engine.stylize(content, style).catch((error) => error.code);
  await new Promise((done) => { setTimeout(done); });
  engine.close();
  const again = await engine.stylize(content, style);
  engine.close();
  return [await lost, again.width];
};
