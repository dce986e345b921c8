/** The Create page: a picture, a style, and the result at once. */
import { findRecipe, makeControls, type Controls, type Recipe, type StylizeEngine } from "../engine/index.ts";
import { encodePicture, recipeOf, type Format } from "./files.ts";
import { Live } from "./live.ts";
import { controlsOf, fromQuery, makeLook, toQuery, type Look } from "./look.ts";
import { ownStylesPanel, takeAsStyle } from "./own_styles.ts";
import { button, complain, make, mount, text, type Mounted } from "./page.ts";
import { address, type Site } from "./site.ts";
import type { Styles } from "./styles.ts";
import { tabs } from "./tabs.ts";

const LIVE_SIDE_PX = 512; // the draft's: what follows a slider is no revision
const SCREEN_SIDES_PX = [768, 1024, 1280, 1600];
const PATIENCE_MS = 2500; // for the picture that stays on screen

interface Content {
  readonly key: string;
  readonly file: Blob;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Scaled down to what the screen needs, at most. */
  readonly screen: ImageData;
  readonly small: ImageData;
}

interface ExportWish {
  readonly format: Format;
  readonly quality: number;
  readonly width: number;
  readonly height: number;
  readonly name: string;
}

export class Create {
  private content: Content | null = null;
  private scene = 0;
  private readonly scenes = new Map<number, Content>();
  private work: AbortController | null = null;
  private exporting: AbortController | null = null;
  private painted: ImageData | null = null;
  private url = "";
  /** Milliseconds that a million pixels have taken lately. */
  private pace = 1500;
  private readonly picker: Mounted<Record<string, number>>;
  private readonly picture: Mounted<unknown>;
  private readonly viewer: Mounted<unknown>;
  private readonly controls: Mounted<Partial<Controls>>;
  private readonly recipeBar: HTMLElement;
  private readonly uploads = new Map<string, File>();
  private recipe: Recipe | null = null;

  constructor(place: HTMLElement, private readonly site: Site, private readonly styles: Styles, private readonly engine: Promise<StylizeEngine>) {
    const first = site.first_styles.find((name) => styles.get(name)) ?? styles.names[0]!;
    const look = fromQuery(location.search, (name) => styles.get(name) !== undefined) ?? makeLook({ [first]: 1 });
    const changed = (): void => {
      document.dispatchEvent(new Event("studio-chosen"));
      void this.paint(true);
    };
    this.controls = mount<Partial<Controls>>("controls", { value: controlsOf(look), controls: site.controls, presets: site.presets }, { input: changed, surprise: () => this.surprise() });
    this.picker = mount("picker", { value: { ...look.styles }, source: { library: "all" }, limit: 4 }, { input: changed });
    this.viewer = mount<unknown>("viewer", { value: null }, {
      settled: () => void this.paint(false),
      past: (entry: { look: Look; scene: number }) => this.goBack(entry),
      export: (wish: ExportWish) => void this.export(wish),
      stop: () => this.exporting?.abort(),
      reuse: () => void this.reuse(),
    } as Record<string, (data: never) => void>);
    const examples = site.examples.map((example) => ({ ...example, thumb: address(example.thumb) }));
    this.picture = mount<unknown>("content", { value: null, max_mb: 200, examples }, { chosen: () => void this.take() }, (file) => this.upload(file));
    this.picture.element.id = "content-picture";
    const live = new Live(engine, () => this.look, styles, (photo) => Studio.take(photo));
    const drawing = mount<unknown>("drawing", { value: null }, {});
    const middle = tabs("canvas-tabs", [
      [text("result"), this.viewer.element],
      [text("draw"), drawing.element],
      [text("live"), live.element, (on) => live.shown(on)],
    ]);
    this.recipeBar = make("div", { class: "st-content-line st-found-recipe", hidden: true }, make("span", {}, text("recipe_found")),
      button("check", "use_recipe", () => void this.useRecipe(), { words: true }));
    const own = ownStylesPanel(styles, engine, () => Object.keys(this.picker.props.value), (name) => this.useStyles({ [name]: 1 }), () => this.renewStyles());
    place.append(
      make("div", { class: "st-side st-left" }, make("section", { class: "st-panel st-content-panel" }, this.picture.element, this.recipeBar),
        make("section", { class: "st-panel st-controls-panel" }, this.controls.element)),
      make("div", { class: "st-middle" }, middle),
      make("div", { class: "st-side st-right" }, make("section", { class: "st-panel st-styles-panel" }, this.picker.element, own)));
    Studio.start();
  }

  get look(): Look {
    return makeLook(this.picker.props.value, makeControls(this.controls.props.value));
  }

  // -------------------------------------------------------------------------------------- content

  private async upload(file: File): Promise<object> {
    const path = String(this.uploads.size);
    this.uploads.set(path, file);
    return { path };
  }

  /** The visitor has chosen a picture. */
  private async take(): Promise<void> {
    const { key, file, example } = this.picture.props.value as { key: string; file?: { path: string; orig_name: string }; example?: string };
    try {
      const [found] = this.site.examples.filter(({ name }) => name === example);
      const blob = file ? this.uploads.get(file.path)! : await (await fetch(address(found!.picture))).blob();
      const engine = await this.engine;
      const screen = await engine.prepare(blob, SCREEN_SIDES_PX.at(-1)!);
      const { width, height } = await sizeOf(blob);
      const small = await engine.prepare(screen, LIVE_SIDE_PX);
      const name = file ? file.orig_name : (example ?? "");
      this.showContent({ key, file: blob, name, width, height, screen, small }, this.scene + 1);
      this.recipe = file ? await findRecipe(blob).catch((error) => { complain(error); return null; }) : null;
      this.recipeBar.hidden = this.recipe === null;
      void this.paint(true);
    } catch (error) {
      complain(error);
      this.picture.show({ failed: true });
    }
  }

  private showContent(content: Content, scene: number): void {
    this.content = content;
    this.scene = scene;
    this.scenes.set(scene, content);
    if (this.scenes.size > 8) this.scenes.delete(Math.min(...this.scenes.keys()));
    this.picture.show({ key: content.key, url: URL.createObjectURL(content.file), width: content.width, height: content.height });
  }

  private goBack({ look, scene }: { look: Look; scene: number }): void {
    this.work?.abort();
    this.show(look);
    const content = this.scenes.get(scene);
    if (content && scene !== this.scene) this.showContent(content, scene);
  }

  private async reuse(): Promise<void> {
    if (!this.painted) return;
    const blob = await (await fetch(this.url)).blob();
    Studio.take(new File([blob], "picture.png", { type: blob.type }));
  }

  // --------------------------------------------------------------------------------------- styles

  private show(look: Look): void {
    this.controls.show(controlsOf(look));
    this.picker.show({ ...look.styles });
  }

  private useStyles(styles: Record<string, number>): void {
    this.renewStyles();
    this.picker.show(styles);
    void this.paint(true);
  }

  /** Styles came or went. */
  private renewStyles(): void {
    const left = Object.entries(this.picker.props.value).filter(([name]) => this.styles.get(name));
    if (left.length === 0) left.push([this.styles.names[0]!, 1]);
    (this.picker.props as { source?: object }).source = { library: "all" };
    this.picker.show(Object.fromEntries(left));
    this.picker.renew("source");
  }

  private surprise(): void {
    const { names } = this.styles;
    const pick = (): string => names[Math.floor(Math.random() * names.length)]!;
    const styles: Record<string, number> = { [pick()]: 1 };
    if (Math.random() < 0.4) styles[pick()] = 0.5;
    const strokes = [0.7, 1, 1, 1.5, 2][Math.floor(Math.random() * 5)]!;
    this.show(makeLook(styles, { stroke_size: strokes, color: Math.random() < 0.2 ? 0.7 : 0 }));
    void this.paint(true);
  }

  private async useRecipe(): Promise<void> {
    const recipe = this.recipe;
    if (!recipe || !this.content) return;
    this.recipeBar.hidden = true;
    try {
      const styles: Record<string, number> = {};
      for (const { name, weight, sha256, vector } of recipe.styles.filter((style) => style.weight > 0)) {
        const known = this.styles.bySha256(sha256)?.name;
        const taken = known ?? (vector && (await takeAsStyle(this.styles, vector, this.content.file, name ?? text("my_style"))));
        if (!taken) throw new Error(text("recipe_style_unknown", { name: name ?? "" }));
        styles[taken] = weight;
      }
      this.controls.show(recipe.controls);
      this.useStyles(styles);
    } catch (error) {
      complain(error);
    }
  }

  // ------------------------------------------------------------------------------------- painting

  /** Paint what is on screen: a live picture that follows a slider, or the one that stays. */
  private async paint(live: boolean): Promise<void> {
    const { content, look } = this;
    if (!content) return;
    this.work?.abort();
    const work = (this.work = new AbortController());
    try {
      const engine = await this.engine;
      const begun = performance.now();
      const maxSidePx = live ? LIVE_SIDE_PX : this.screenSide(content);
      const given = live ? content.small : content.screen;
      const options = { maxSidePx, fast: live, signal: work.signal };
      const painted = await engine.stylize(given, this.styles.blend(look.styles), controlsOf(look), options);
      const elapsedMs = performance.now() - begun;
      if (!live) this.pace = 0.5 * this.pace + 0.5 * ((1e6 * elapsedMs) / (painted.width * painted.height));
      await this.showPainted(painted, look, content, live, elapsedMs, work.signal);
    } catch (error) {
      complain(error);
    }
  }

  /** The largest side that is painted in good time on this device, and that the picture has. */
  private screenSide(content: Content): number {
    const share = (Math.min(content.width, content.height) / Math.max(content.width, content.height)) || 1;
    const affordable = SCREEN_SIDES_PX.filter((side) => (side ** 2 * share * this.pace) / 1e6 < PATIENCE_MS);
    return affordable.at(-1) ?? SCREEN_SIDES_PX[0]!;
  }

  private async showPainted(painted: ImageData, look: Look, content: Content, live: boolean, elapsedMs: number, signal: AbortSignal): Promise<void> {
    const canvas = new OffscreenCanvas(painted.width, painted.height);
    canvas.getContext("2d")!.putImageData(painted, 0, 0);
    const file = await canvas.convertToBlob(live ? { type: "image/webp", quality: 0.9 } : { type: "image/png" });
    signal.throwIfAborted();
    const before = this.url;
    this.url = URL.createObjectURL(file);
    this.painted = painted;
    this.viewer.show({
      content: content.key, after: this.url, live, look, scene: this.scene, query: toQuery(look),
      // The size on screen: there is no larger one to look at but in the saved file.
      width: live ? content.screen.width : painted.width,
      height: live ? content.screen.height : painted.height,
      note: `${painted.width} × ${painted.height} · ${(elapsedMs / 1000).toFixed(2)} s`,
    });
    if (this.wasLive) URL.revokeObjectURL(before);
    this.wasLive = live;
  }

  private wasLive = false;

  // --------------------------------------------------------------------------------------- saving

  private async export(wish: ExportWish): Promise<void> {
    const { content, look } = this;
    if (!content) return;
    const work = (this.exporting = new AbortController());
    try {
      const engine = await this.engine;
      const side = Math.max(wish.width, wish.height);
      const given = await scaledUp(content, side);
      const painted = await engine.stylize(given, this.styles.blend(look.styles), controlsOf(look), {
        maxSidePx: side,
        signal: work.signal,
        onProgress: (progress) => this.viewer.show({ progress }),
      });
      const whole = side >= Math.max(content.width, content.height);
      const recipe = recipeOf(engine, this.styles, look, whole ? null : side, this.site.version);
      const file = await encodePicture(painted, wish.format, wish.quality, recipe);
      const name = `${wish.name.replace(/[\\/:*?"<>|]+/g, "-") || "picture"}.${wish.format}`;
      Studio.exported({ url: URL.createObjectURL(file), orig_name: name });
    } catch (error) {
      Studio.notExported();
      complain(error);
    }
  }
}

async function sizeOf(file: Blob): Promise<{ width: number; height: number }> {
  const bitmap = await createImageBitmap(file);
  const { width, height } = bitmap;
  bitmap.close();
  return { width, height };
}

/** The content in the size that is to be saved, if that is larger than its own; else its file. */
async function scaledUp({ file, width, height }: Content, side: number): Promise<Blob | ImageBitmap> {
  const factor = side / Math.max(width, height);
  if (factor <= 1) return file;
  const [resizeWidth, resizeHeight] = [Math.round(width * factor), Math.round(height * factor)];
  return createImageBitmap(file, { resizeWidth, resizeHeight, resizeQuality: "high" });
}
