/**
 * Painting the frames of a video: each a draft in its own size, for a camera that is painted live.
 * Statistics are measured every few frames only, and carried over, so that nothing flickers.
 */
import { calm, ground } from "./brushwork.ts";
import type { Controls } from "./controls.ts";
import { makeControls } from "./controls.ts";
import type { Engine, Measurement } from "./engine.ts";
import { finish, scaleDetail } from "./finishing.ts";
import type { Pixels, Size } from "./pixels.ts";
import { onGrid } from "./plan.ts";
import { BICUBIC, resize } from "./resample.ts";
import { sourceOf } from "./revision.ts";
import type { StyleVector } from "./styles.ts";
import { Canvas } from "./tiles.ts";

const MEASURED_EVERY = 4; // frames
const KEPT = 0.6; // share of what was measured before in what is used
// The contract's margin would be most of a small frame; the borders of a moving picture need less.
const MARGIN_PX = 16;

export class FramePainter {
  private measurement: Measurement | null = null;
  private count = 0;
  private look = "";

  constructor(private readonly engine: Engine) {}

  /** Paint an opaque frame; its size sets that of the strokes, and the time that it takes. */
  async paint(frame: Pixels, style: StyleVector, given: Partial<Controls> = {}): Promise<Pixels> {
    const controls = makeControls(given);
    const { contract } = this.engine;
    const full: Size = [frame.width, frame.height];
    if (controls.strength === 0) return frame;
    const size = onGrid(full, 1 / controls.stroke_size, contract.grid_px);
    const plain = resize(frame, size, BICUBIC, 3);
    const small = ground(plain, contract, style, controls);
    const measurement = await this.measure(small, style, controls, size);
    const canvas = new Canvas(size, MARGIN_PX, contract.grid_px);
    const [tile] = canvas.tiles(0, Infinity);
    const painted = { width: size[0], height: size[1], data: new Uint8ClampedArray(4 * size[0] * size[1]) };
    canvas.place(await this.engine.paint(canvas.cut(sourceOf(small), tile!), measurement), tile!, painted);
    scaleDetail(painted, controls.detail);
    calm(painted, plain, contract, style, controls);
    const result = resize(painted, full, BICUBIC);
    for (let at = 3; at < result.data.length; at += 4) result.data[at] = 255;
    finish(result, frame, controls);
    return result;
  }

  private async measure(picture: Pixels, style: StyleVector, controls: Controls, size: Size): Promise<Measurement> {
    const look = JSON.stringify([controls, [...style.values.subarray(0, 64)]]);
    const changed = look !== this.look; // what the visitor changes shows at once
    if (this.measurement && !changed && this.count++ % MEASURED_EVERY) return this.measurement;
    const now = await this.engine.measure(picture, style, controls, size, false);
    const past = changed ? null : this.measurement;
    this.look = look;
    this.measurement = past ? mixed(now, past) : now;
    return this.measurement;
  }
}

function mixed(now: Measurement, past: Measurement): Measurement {
  const mix = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, index) => KEPT * b[index]! + (1 - KEPT) * value);
  return { quarter: mix(now.quarter, past.quarter), eighth: mix(now.eighth, past.eighth), peaks: mix(now.peaks, past.peaks) };
}
