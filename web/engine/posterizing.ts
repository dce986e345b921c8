/** Prints and drawings in a few inks: paper and ink, with crisp edges and nothing between them; see `stylize/posterizing.py`. */
import { calmAreas } from "./calming.ts";
import { gridColors, lookUp } from "./color_table.ts";
import { eigen, product, type Matrix } from "./matrix.ts";
import { blank, lumaOf, type Pixels, type Size } from "./pixels.ts";
import { around, enlargeCells } from "./planes.ts";
import { makePossible } from "./recoloring.ts";
import { reduce } from "./resample.ts";
import { clamp, roundHalfEven } from "./rounding.ts";
import { lumaAt, type StyleColors } from "./style_colors.ts";

const LINES = 8; // lines of the content weigh so much beside the painted luma
const LOCAL = 1; // and what is darker than all around so much
const REDUCED = 8; // surroundings are found at this part of the size
const RADIUS = 3; // and so many reduced pixels wide
const RAMP = 0.5; // width of the border between ink and paper, in standard deviations of the response
const CALM_RAMP = 2.5; // the same in calm areas: skies have no edges
const INSIDE = 1.5; // and both at most so many times as wide as the nearer mean of ink and paper is away
const LEAST_RAMP = 16; // and at least so many levels
const FULL_CONTRAST = 25; // pictures with a smaller deviation of the response are parted by less
const GIVE = 0.15; // the share of ink may be off by so much where that finds a gap in the tones
const GAP = 50; // the share of pixels at the threshold's level costs so many times as much as that of ink that is off
const AROUND = 4; // levels on either side that it is the mean of
const GRID = 17; // of the table of colours
const OTHER_COLORS = 0.6; // of the colours beside the two that are kept
const DEEPER = 0.25; // so much farther is ink from paper than mean and covariance say

/** The two colours that a style of two would have, and the share of the darker one. */
export interface Inks {
  readonly dark: readonly number[];
  readonly light: readonly number[];
  readonly share: number;
}

/** How what was painted is parted. */
interface Parting {
  readonly threshold: number;
  /** Width of borders, and that in calm areas. */
  readonly busy: number;
  readonly calm: number;
  /** From 0, there is nothing to part, to 1. */
  readonly contrast: number;
}

/** Part what was painted into ink and paper, in place; `amount` is 0, nothing, to 1. */
export function posterize(painted: Pixels, content: Pixels, colors: StyleColors, amount: number): void {
  if (amount <= 0) return;
  const { data } = painted;
  const { dark, light, share } = printedInks(colors);
  const axis = between(dark, light);
  const response = responseOf(painted, content);
  const parting = partingOf(response, share);
  const paper = paperOf(response, content, parting);
  const beside = withoutAxis(axis);
  const flat = new Float64Array(3 * paper.length); // first the colours beside the two
  let squares = 0;
  for (let from = 0, to = 0; to < flat.length; from += 4, to += 3) {
    const [r, g, b] = [data[from]! - dark[0]!, data[from + 1]! - dark[1]!, data[from + 2]! - dark[2]!];
    for (let i = 0; i < 3; i++) {
      const other = beside[i]![0]! * r + beside[i]![1]! * g + beside[i]![2]! * b;
      flat[to + i] = other;
      squares += other ** 2;
    }
  }
  const own = Math.max(1, trace(product(beside, product(colors.root, colors.root))));
  const kept = OTHER_COLORS * Math.min(1, Math.sqrt(own / (squares / paper.length + 1)));
  for (let at = 0; at < flat.length; at++) flat[at] = kept * flat[at]! + dark[at % 3]! + axis[at % 3]! * paper[Math.floor(at / 3)]!;
  makePossible(flat);
  const parted = amount * parting.contrast;
  for (let from = 0, to = 0; from < flat.length; from += 3, to += 4) {
    for (let i = 0; i < 3; i++) data[to + i]! += parted * (flat[from + i]! - data[to + i]!);
  }
}

/** Return what makes the edges between ink and paper crisp again in an enlarged painting, in place; `amount` is 0 to 1. */
export function crisp(colors: StyleColors, amount: number): (picture: Pixels) => void {
  const { dark, light } = printedInks(colors);
  const axis = between(dark, light);
  const square = Math.max(1e-6, dot(axis, axis));
  const moved = gridColors(GRID);
  for (let at = 0; at < moved.length; at += 3) {
    const paper = clamp(dot(axis, between(dark, moved.subarray(at, at + 3))) / square, 0, 1);
    for (let i = 0; i < 3; i++) moved[at + i]! += amount * (smooth(paper) - paper) * axis[i]!;
  }
  const table = Float32Array.from(moved);
  return (picture) => lookUp(picture, table, GRID);
}

/** Return what `inksOf` does, with the ink as deep as prints have it. */
function printedInks(colors: StyleColors): Inks {
  const { dark, light, share } = inksOf(colors);
  return { dark: dark.map((level, i) => level - DEEPER * (light[i]! - level)), light, share };
}

/** Return two colours that have a style's mean and lie along its longest axis as far apart as it is wide; they may lie outside of 0 to 255. */
export function inksOf({ mean, root, darkShare: share }: StyleColors): Inks {
  const { values, vectors } = eigen(product(root, root));
  const longest = values.indexOf(Math.max(...values));
  const along = vectors.map((row) => row[longest]!);
  const wide = (lumaAt(along, 0) < 0 ? -1 : 1) * Math.sqrt(Math.max(values[longest]!, 0));
  const odds = Math.sqrt(share / (1 - share));
  return {
    dark: mean.map((level, i) => level - (wide * along[i]!) / odds),
    light: mean.map((level, i) => level + wide * along[i]! * odds),
    share,
  };
}

/** Return the painted luma, darker along lines and where all around is lighter. */
function responseOf(painted: Pixels, content: Pixels): Float32Array {
  const size: Size = [painted.width, painted.height];
  const luma = lumaOf(painted);
  const small = reduce(grey(luma, size), REDUCED);
  const cells = Float64Array.from({ length: small.width * small.height }, (_, cell) => small.data[4 * cell]!);
  const cellSize: Size = [small.width, small.height];
  const local = enlargeCells(around(cells, cellSize, RADIUS), cellSize, REDUCED, size);
  const own = blurred(luma, size);
  const shown = blurred(lumaOf(content), size);
  const broad = blurred(blurred(shown, size), size);
  const response = shown.map((level, at) => LINES * (level - broad[at]!) + (1 + LOCAL) * own[at]! - LOCAL * local[at]!);
  return blurred(response, size); // grass and asphalt would become worms
}

function grey(luma: Uint8Array, [width, height]: Size): Pixels {
  const picture = blank(width, height);
  luma.forEach((level, pixel) => (picture.data[4 * pixel] = level));
  return picture;
}

/** Weigh neighbours 1, 2, 1 along both axes, borders repeated. */
function blurred(plane: ArrayLike<number>, [width, height]: Size): Float32Array {
  const tall = new Float32Array(plane.length);
  for (let y = 0, at = 0; y < height; y++) {
    const [above, below] = [y === 0 ? 0 : -width, y === height - 1 ? 0 : width];
    for (let x = 0; x < width; x++, at++) tall[at] = (plane[at + above]! + 2 * plane[at]! + plane[at + below]!) / 4;
  }
  const result = new Float32Array(plane.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const [left, right] = [x === 0 ? 0 : -1, x === width - 1 ? 0 : 1];
      result[at] = (tall[at + left]! + 2 * tall[at]! + tall[at + right]!) / 4;
    }
  }
  return result;
}

/** Return how much of a pixel is paper, 0 to 1, and not ink. */
function paperOf(response: Float32Array, content: Pixels, { threshold, busy, calm }: Parting): Float32Array {
  const { width } = content;
  const areas = calmAreas(content);
  return response.map((level, pixel) => {
    const calmness = areas.data[4 * (Math.floor(pixel / width) * areas.width + (pixel % width))]! / 255;
    return smooth(clamp((level - threshold) / (busy + (calm - busy) * calmness) + 0.5, 0, 1));
  });
}

/** Return the threshold below which about a share is, both widths of borders, and the contrast. */
export function partingOf(response: Float32Array, share: number): Parting {
  const levels = Int32Array.from(response, roundHalfEven);
  let [least, most] = [Infinity, -Infinity];
  for (const level of levels) [least, most] = [Math.min(least, level), Math.max(most, level)];
  const counts = new Uint32Array(most - least + 1);
  for (const level of levels) counts[level - least]!++;
  let below = 0;
  const off = Array.from(counts, (count) => {
    below += count;
    return Math.abs(below / levels.length - share);
  });
  const farthest = GIVE + smallest(off);
  const costs = off.map((cost, index) => {
    if (cost > farthest) return Infinity;
    const near = counts.subarray(Math.max(0, index - AROUND), index + AROUND + 1).reduce((sum, value) => sum + value, 0);
    return cost + (GAP * near) / (levels.length * (2 * AROUND + 1));
  });
  const cheapest = smallest(costs);
  const best = costs.flatMap((cost, index) => (cost === cheapest ? [index] : [])); // all of an empty gap
  const at = best[Math.floor(best.length / 2)]! + 1;
  const threshold = least + at - 0.5;
  const inside = INSIDE * Math.min(least + at + meanOf(counts.subarray(at)) - threshold, threshold - least - meanOf(counts.subarray(0, at)));
  const spread = deviation(response);
  const [busy, calm] = [RAMP, CALM_RAMP].map((ramp) => Math.max(LEAST_RAMP, Math.min(ramp * spread, inside)));
  return { threshold, busy: busy!, calm: calm!, contrast: Math.min(1, spread / FULL_CONTRAST) };
}

/** Return the mean place of what is counted. */
function meanOf(counts: Uint32Array): number {
  let [sum, weighted] = [0, 0];
  counts.forEach((count, place) => {
    sum += count;
    weighted += count * place;
  });
  return weighted / Math.max(1, sum);
}

function smallest(values: readonly number[]): number {
  return values.reduce((one, other) => Math.min(one, other));
}

function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** Return what takes an axis out of colours. */
function withoutAxis(axis: readonly number[]): Matrix {
  const square = Math.max(1e-6, dot(axis, axis));
  return axis.map((a, i) => axis.map((b, j) => Number(i === j) - (a * b) / square));
}

function trace(matrix: Matrix): number {
  return matrix.reduce((sum, row, i) => sum + row[i]!, 0);
}

function between(from: ArrayLike<number>, to: ArrayLike<number>): number[] {
  return Array.from(from, (level, i) => to[i]! - level);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function smooth(share: number): number {
  return share * share * (3 - 2 * share);
}
