/**
 * The ground: a faint, seeded relief that gives the brush something to hold on to in calm areas.
 * Made of whole numbers, so that every engine makes the same one; see `stylize/ground.py`.
 */
import { blank, lumaOf, type Pixels } from "./pixels.ts";
import { around, enlargeCells } from "./planes.ts";

export const PERIOD_PX = 512;
const LAYERS: readonly (readonly [number, number])[] = [[8, 0.3], [32, 0.5], [64, 0.7], [128, 0.7]]; // cell in px, strength
const ROOM = 2.2; // standard deviations between paper and white
export const CELL_PX = 8; // in which it is measured how calm a picture is
const CALM_DEVIATION = 10; // of the luma, in levels, that counts half
const FLAT_DEVIATION = 1;
const SKY_SHARE = 0.3;

const reliefs = new Map<number, Float32Array>();

/** Return one period of the relief, row by row: mean 0, standard deviation about 1. */
export function relief(seed: number): Float32Array {
  const known = reliefs.get(seed);
  if (known) return known;
  const total = new Float64Array(PERIOD_PX ** 2);
  for (const [cell, strength] of LAYERS) {
    const layer = enlarge(hash(seed, cell, PERIOD_PX / cell), PERIOD_PX / cell, cell);
    const mean = layer.reduce((sum, value) => sum + value, 0) / layer.length;
    const deviation = Math.sqrt(layer.reduce((sum, value) => sum + (value - mean) ** 2, 0) / layer.length);
    for (let at = 0; at < total.length; at++) total[at]! += (strength * (layer[at]! - mean)) / deviation;
  }
  const made = Float32Array.from(total);
  reliefs.set(seed, made);
  return made;
}

/** Return `count` x `count` evenly distributed values in [-1, 1). */
function hash(seed: number, cell: number, count: number): Float64Array {
  const values = new Float64Array(count * count);
  const ofCell = Math.imul(cell, 0xc2b2ae3d);
  const ofSeed = Math.imul(seed, 0x27d4eb2f);
  for (let y = 0, at = 0; y < count; y++) {
    for (let x = 0; x < count; x++, at++) {
      let h = ((Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca77) ^ ofCell) + ofSeed) | 0;
      h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
      h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
      values[at] = ((h ^ (h >>> 16)) >>> 0) / 2 ** 31 - 1;
    }
  }
  return values;
}

/** Enlarge a periodic square map, linear between the centres of its cells. */
function enlarge(values: Float64Array, side: number, factor: number): Float64Array {
  const large = side * factor;
  const tall = new Float64Array(large * side);
  for (let y = 0; y < large; y++) {
    const above = Math.floor(y / factor) * side;
    const below = ((Math.floor(y / factor) + 1) % side) * side;
    const share = ((y % factor) + 0.5) / factor;
    for (let x = 0; x < side; x++) {
      const first = values[above + x]!;
      tall[y * side + x] = first + (values[below + x]! - first) * share;
    }
  }
  const wide = new Float64Array(large * large);
  for (let x = 0; x < large; x++) {
    const left = Math.floor(x / factor);
    const right = (left + 1) % side;
    const share = ((x % factor) + 0.5) / factor;
    for (let y = 0; y < large; y++) {
      const first = tall[y * side + left]!;
      wide[y * large + x] = first + (tall[y * side + right]! - first) * share;
    }
  }
  return wide;
}

/** Statistics of the luma around cells of 8 x 8 px, in levels and their squares. */
export interface Cells {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly columns: number;
  readonly rows: number;
}

/** Measure the luma around every cell; what lies around counts too. */
export function cellsOf(picture: Pixels): Cells {
  const { width, height } = picture;
  const lumas = lumaOf(picture);
  const [columns, rows] = [Math.ceil(width / CELL_PX), Math.ceil(height / CELL_PX)];
  const means = new Float64Array(columns * rows);
  const squares = new Float64Array(columns * rows);
  for (let y = 0; y < rows * CELL_PX; y++) {
    for (let x = 0; x < columns * CELL_PX; x++) {
      const luma = lumas[Math.min(y, height - 1) * width + Math.min(x, width - 1)]!;
      const cell = Math.floor(y / CELL_PX) * columns + Math.floor(x / CELL_PX);
      means[cell]! += luma / CELL_PX ** 2;
      squares[cell]! += luma ** 2 / CELL_PX ** 2;
    }
  }
  const [mean, square] = [around(means, [columns, rows], 1), around(squares, [columns, rows], 1)];
  const variance = mean.map((value, cell) => Math.max(0, square[cell]! - value ** 2));
  return { mean, variance, columns, rows };
}

/** Return how much ground a picture can do with at every pixel: 0 busy, 0.3 calm, 1 flat. */
export function calm(picture: Pixels): Float32Array {
  const { variance, columns, rows } = cellsOf(picture);
  const share = variance.map((value) => {
    const flat = 1 / (1 + value / FLAT_DEVIATION ** 2);
    return (SKY_SHARE + (1 - SKY_SHARE) * flat) / (1 + value / CALM_DEVIATION ** 2);
  });
  return enlargeCells(share, [columns, rows], CELL_PX, [picture.width, picture.height]);
}

/**
 * Put the ground under the calm areas of a picture.
 *
 * @param amount Standard deviation of the relief where it is flat, in levels of 255; 0 for none.
 */
export function addGround(picture: Pixels, amount: number, seed: number): Pixels {
  if (amount === 0) return picture;
  const { width, height, data } = picture;
  const result = blank(width, height);
  const shares = calm(picture);
  const heights = relief(seed);
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      const at = 4 * pixel;
      const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
      const darker = Math.min(0, 255 - ROOM * amount - Math.max(red, green, blue));
      const lighter = Math.max(0, ROOM * amount - Math.min(red, green, blue));
      const level = (amount * heights[(y % PERIOD_PX) * PERIOD_PX + (x % PERIOD_PX)]! + darker + lighter) * shares[pixel]!;
      for (let channel = 0; channel < 3; channel++) result.data[at + channel] = data[at + channel]! + level;
      result.data[at + 3] = 255;
    }
  }
  return result;
}
