/** The engine: pictures and style vectors in, stylized pictures out; see `stylize/engine.py`. */
import { calm, edges, ground, inking, seeToColors } from "./brushwork.ts";
import type { Contract } from "./contract.ts";
import { makeControls, type Controls } from "./controls.ts";
import { StylizeError } from "./errors.ts";
import { finish, scaleDetail } from "./finishing.ts";
import type { Model, Precision } from "./model.ts";
import { blank, isOpaque, onWhite, visibleColors, type Pixels, type Size } from "./pixels.ts";
import { makePlan, thumbnailSize, zoomOf, type Revision } from "./plan.ts";
import { BICUBIC, LANCZOS, fitWithin, reduce, resize, resizeTransparent } from "./resample.ts";
import { enlarge, HALO_PX, keepCoarse, keepsAny, layOver, sourceOf } from "./revision.ts";
import { roundHalfEven } from "./rounding.ts";
import type { Runtime } from "./runtime.ts";
import { makeStyle, type StyleVector } from "./styles.ts";
import { Canvas, type Tile } from "./tiles.ts";

export const MIN_SIDE_PX = 16;
export const MAX_ASPECT = 256;

/** What the network does to a picture in one style. */
export interface Measurement {
  readonly quarter: Float32Array;
  readonly eighth: Float32Array;
  readonly peaks: Float32Array;
}

export interface Options {
  /** Scale the content down to this longer side first. */
  readonly maxSidePx?: number;
  /** Enlarge the draft instead of revising it: softer strokes, a fraction of the time. */
  readonly fast?: boolean;
  /** Called with the share done, 0 to 1. */
  readonly onProgress?: (share: number) => void;
  /** Called with the draft and every revision but the last. */
  readonly onLevel?: (painted: Pixels) => void;
  /** Ends the work before the next tile. */
  readonly signal?: AbortSignal;
  /** Awaited before every tile: time for others to use the signal. */
  readonly pause?: () => Promise<void>;
  /** Of tiles, at most; default: as the contract says. Less needs less memory. */
  readonly tilePixels?: number;
}

export class Engine {
  readonly contract: Contract;

  constructor(
    readonly model: Model,
    private readonly runtime: Runtime,
    readonly precision: Precision,
  ) {
    this.contract = model.contract;
  }

  /** Load what painting needs now instead of at the first picture. */
  async warmUp(): Promise<void> {
    await Promise.all([this.runtime.load(this.model.modulatorName), this.runtime.load(this.model.painterName(this.precision))]);
  }

  /**
   * Encode a style picture.
   *
   * @param strokeSize Scale at which the style is looked at, 0.5 to 2.
   */
  async encodeStyle(picture: Pixels, strokeSize = 1): Promise<StyleVector> {
    if (!(strokeSize >= 0.5 && strokeSize <= 2)) throw new RangeError(`strokeSize must be from 0.5 to 2; got ${strokeSize}`);
    checkSize(picture);
    const side = this.contract.style_side_px * strokeSize;
    const scale = Math.min(1, side / Math.sqrt(picture.width * picture.height));
    const fit = (px: number): number => Math.max(MIN_SIDE_PX, roundHalfEven(px * scale));
    const size: Size = [fit(picture.width), fit(picture.height)];
    const small = isOpaque(picture) ? resize(picture, size, LANCZOS) : onWhite(resizeTransparent(picture, size, LANCZOS));
    const { vector } = await this.runtime.run(this.model.encoderName, { bytes: [rgb(small), [1, size[1], size[0], 3]] });
    return makeStyle(vector as Float32Array, this.model.encoderSha256);
  }

  /**
   * Paint a content picture in a style: a draft of a fixed size first, then revisions in twice the
   * size, and so on, to the full size.
   */
  async stylize(content: Pixels, style: StyleVector, given: Partial<Controls> = {}, options: Options = {}): Promise<Pixels> {
    const controls = makeControls(given);
    this.checkStyle(style);
    content = this.prepare(content, options.maxSidePx);
    if (controls.strength === 0) return { ...content, data: content.data.slice() };
    const painted = await this.follow(isOpaque(content) ? content : visibleColors(content), style, controls, options);
    for (let at = 3; at < painted.data.length; at += 4) painted.data[at] = content.data[at]!;
    finish(painted, content, controls);
    return painted;
  }

  /** Return a content picture scaled down, never up, to a longer side. */
  prepare(content: Pixels, maxSidePx = Infinity): Pixels {
    checkSize(content);
    const size = fitWithin([content.width, content.height], maxSidePx, roundHalfEven);
    return (isOpaque(content) ? resize : resizeTransparent)(content, size, LANCZOS);
  }

  private async follow(rgb: Pixels, style: StyleVector, controls: Controls, options: Options): Promise<Pixels> {
    const full: Size = [rgb.width, rgb.height];
    const plan = makePlan(full, this.contract, controls.stroke_size);
    const pixels = [plan.draft, ...plan.revisions.map((revision) => revision.size)].map(([width, height]) => width * height);
    const total = pixels.reduce((sum, count) => sum + count, 0);
    let before = 0;
    const progress = (level: number) => (share: number): void => {
      options.signal?.throwIfAborted();
      options.onProgress?.((before + share * pixels[level]!) / total);
      if (share === 1) before += pixels[level]!;
    };
    let painted = await this.draft(rgb, plan.draft, style, controls, options, progress(0));
    for (const [index, revision] of plan.revisions.entries()) {
      options.onLevel?.(painted);
      painted = await this.revise(painted, rgb, revision, style, controls, options, progress(index + 1));
    }
    return resize(painted, full, LANCZOS);
  }

  private async draft(
    content: Pixels, size: Size, style: StyleVector, controls: Controls, options: Options, progress: (share: number) => void,
  ): Promise<Pixels> {
    const small = resize(content, size, BICUBIC, 3);
    const grounded = ground(small, this.contract, style, controls);
    const measurement = await this.measure(grounded, style, controls, size, false);
    const source = sourceOf(grounded);
    const canvas = new Canvas(size, this.contract.margin_px, this.contract.grid_px);
    const painted = await this.paintTiles(canvas, this.contract.halo_px, options, progress, (tile) =>
      this.paint(canvas.cut(source, tile), measurement),
    );
    scaleDetail(painted, controls.detail);
    calm(painted, small, this.contract, style, controls);
    seeToColors(painted, small, this.contract, style, controls);
    return painted;
  }

  private async revise(
    painting: Pixels, content: Pixels, { size, exponent, share }: Revision, style: StyleVector, controls: Controls, options: Options,
    progress: (share: number) => void,
  ): Promise<Pixels> {
    const [under, shown] = [enlarge(painting, size), sourceOf(reduce(content, 2 ** exponent))];
    const contract = this.contract;
    const inked = inking(contract, style, controls);
    const steepen = edges(contract, style, inked);
    const paintedShare = share * contract.revision_share * (1 - inked); // the brush would write between edges
    const measurement = options.fast || !keepsAny(paintedShare) ? null : await this.measure(painting, style, controls, size, true);
    const [marginPx, paintedPx] = measurement === null ? [HALO_PX, 0] : [contract.revision_margin_px, contract.halo_px];
    const haloPx = paintedPx + HALO_PX + (steepen === null ? 0 : HALO_PX); // edges have surroundings, too
    const canvas = new Canvas(size, marginPx, contract.grid_px);
    return this.paintTiles(canvas, haloPx, options, progress, async (tile) => {
      let below = canvas.cut(under, tile);
      if (steepen !== null) {
        const steep = { ...below, data: below.data.slice() };
        steepen(steep);
        below = keepCoarse(steep, steep, below);
      }
      const seen = layOver(below, canvas.cut(shown, tile), share * controls.detail);
      if (measurement === null) return seen;
      return keepCoarse(await this.paint(seen, measurement), seen, below, paintedShare);
    });
  }

  /** Paint a picture tile by tile; progress may throw to end it. */
  private async paintTiles(
    canvas: Canvas, haloPx: number, options: Options, progress: (share: number) => void, paint: (tile: Tile) => Promise<Pixels>,
  ): Promise<Pixels> {
    const result = blank(...canvas.size);
    const tiles = canvas.tiles(haloPx, Math.min(this.contract.tile_pixels, options.tilePixels ?? Infinity));
    for (const [index, tile] of tiles.entries()) {
      await options.pause?.();
      options.signal?.throwIfAborted();
      canvas.place(await paint(tile), tile, result);
      progress((index + 1) / tiles.length);
    }
    return result;
  }

  /**
   * Measure a picture's statistics, and turn them into affines.
   *
   * @param size In which the picture will be painted.
   * @param revision The picture is a painting that is to be revised.
   */
  async measure(picture: Pixels, style: StyleVector, controls: Controls, size: Size, revision: boolean): Promise<Measurement> {
    const thumbnail = thumbnailSize(size, this.contract);
    const small = resize(picture, thumbnail, BICUBIC, 1);
    const weights = [controls.content_weight, controls.style_weight, controls.fine_weight, controls.coarse_weight];
    const { affine_quarter, affine_eighth, peaks } = await this.runtime.run(this.model.modulatorName, {
      bytes: [rgb(small), [1, thumbnail[1], thumbnail[0], 3]],
      vector: [style.values, [1, style.values.length]],
      conditions: [Float32Array.from([...weights.map(Math.log), Number(revision)]), [1, 5]],
      strength: [Float32Array.of(controls.strength), [1, 1]],
      zoom: [Float32Array.of(zoomOf(size, this.contract)), [1, 1]],
    });
    return { quarter: affine_quarter as Float32Array, eighth: affine_eighth as Float32Array, peaks: peaks as Float32Array };
  }

  /** Paint pixels, whose sides are multiples of the grid, with given affines. */
  async paint(picture: Pixels, { quarter, eighth, peaks }: Measurement): Promise<Pixels> {
    const { width, height, data } = picture;
    const few = peaks[this.contract.int8_index]! >= this.contract.int8_limit; // 8 bits are too few
    const precision = few ? "fp32" : this.precision;
    const { picture: painted } = await this.runtime.run(this.model.painterName(precision), {
      bytes: [new Uint8Array(data.buffer), [1, height, width, 4]],
      affine_quarter: [quarter, [1, quarter.length, 1, 1]],
      affine_eighth: [eighth, [1, eighth.length, 1, 1]],
      ...(precision === "int8" ? { peaks: [peaks, [1, peaks.length]] as const } : {}),
    });
    const bytes = painted as Uint8Array<ArrayBuffer>;
    return { width, height, data: new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.length) };
  }

  private checkStyle({ values, encoderSha256 }: StyleVector): void {
    if (encoderSha256 !== this.model.encoderSha256 || values.length !== this.contract.vector_length) {
      throw new StylizeError("This style was made by another style encoder; encode its picture again.", "style_other_encoder");
    }
  }
}

/** Return three bytes for each pixel. */
function rgb({ width, height, data }: Pixels): Uint8Array {
  const result = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    result[to] = data[from]!;
    result[to + 1] = data[from + 1]!;
    result[to + 2] = data[from + 2]!;
  }
  return result;
}

function checkSize({ width, height }: Pixels): void {
  if (Math.min(width, height) < MIN_SIDE_PX) {
    throw new StylizeError(
      `The picture has ${width} x ${height} px; each side must have at least ${MIN_SIDE_PX} px. Take a larger picture.`,
      "too_small", { width, height, least: MIN_SIDE_PX },
    );
  }
  const [longer, shorter] = [Math.max(width, height), Math.min(width, height)];
  if (longer > MAX_ASPECT * shorter) {
    throw new StylizeError(
      `The picture has ${width} x ${height} px; its longer side may have ${MAX_ASPECT} times the shorter one. Cut a part out of it.`,
      "too_long", { width, height, times: Math.round(longer / shorter), most: MAX_ASPECT },
    );
  }
}
