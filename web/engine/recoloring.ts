/** Colours where they belong: the lights of a style where the content is light, and so on; see `stylize/recoloring.py`. */
import { gridColors, lookUp } from "./color_table.ts";
import { leastMotion, matrixPower, type Matrix } from "./matrix.ts";
import { lumaOf, type Pixels, type Size } from "./pixels.ts";
import { around, enlargeCells } from "./planes.ts";
import { reduce } from "./resample.ts";
import { clamp } from "./rounding.ts";
import { LEAST_SPREAD, levelAt, lumaAt, QUANTILES, type StyleColors } from "./style_colors.ts";

const MIDDLE = QUANTILES.indexOf(0.5);
const CHROMA = 2 / 3; // of a broad difference in colour that is taken away: a grey wall may be of any colour
const REDUCED = 4; // broad differences are found at this part of the size
const RADIUS = 3; // of the guided filter, in reduced pixels
const EDGE_LEVELS = 30; // edges of about so many levels are kept
const NOISE_LEVELS = 5.5; // spread of a content's colours that is taken for noise
const OWN_TONES = 0.2; // tones of the content keep so much of their own distances, more on paper
const ALIKE = 5; // levels of luma that count as one
const LEAST_RANGE = 64;
const STEEPEST_CONTENT = 5; // tones are spread at most so much
const STEEPEST_PAINTING = 2;
const BEYOND = 0.5; // the same beyond the outermost quantiles
const TONED = 0.7; // how much of what a painting's tones lack is given to them, less on paper
const COLORED = 0.5; // how much of that in the style's own colours
const REACH = 2.5; // standard deviations from the style's own colours
const SOFTNESS = 0.5;
const RIM_LEVELS = 12; // that tones may lie outside of the style's
const DARK_LEVELS = 16; // dark colours lie nearer to each other
const GRID = 17; // points of the table along each channel

/**
 * Draw a painting, in place, towards the colours that its content has in the style.
 *
 * @param share How much of a broad difference is taken away, 0 to 1.
 * @param amount How much of the style there is in the painting, 0 to 1.
 */
export function recolor(painted: Pixels, content: Pixels, colors: StyleColors, share: number, amount: number): void {
  if (share <= 0 || amount <= 0) return;
  const { width, height, data } = painted;
  const small = reduce(content, REDUCED);
  const size: Size = [small.width, small.height];
  const [shown, seen] = [withoutAlpha(small), withoutAlpha(reduce(painted, REDUCED))];
  const luma = lumaOf(content);
  const histogram = histogramOf(luma);
  const paper = largestSum(histogram, ALIKE) / luma.length; // share of the pixels about as light as most are
  const wanted = colored(shown, tonesOf(histogram), Math.min(1, OWN_TONES + paper), colors);
  const lack = wanted.map((level, at) => share * (shown[at]! + amount * (level - shown[at]!) - seen[at]!));
  const lackOfLuma = lumaPlane(lack);
  const follow = guided(lumaPlane(shown), size);
  for (let channel = 0; channel < 3; channel++) {
    const { slopes, offsets } = follow(lackOfLuma.map((level, cell) => level + CHROMA * (lack[3 * cell + channel]! - level)));
    const slope = enlargeCells(slopes, size, REDUCED, [width, height]);
    const offset = enlargeCells(offsets, size, REDUCED, [width, height]);
    for (let pixel = 0, at = channel; pixel < luma.length; pixel++, at += 4) data[at]! += slope[pixel]! * luma[pixel]! + offset[pixel]!;
  }
  lookUp(painted, tableOf(tonesOf(histogramOf(lumaOf(painted))), colors, TONED * (1 - paper), amount), GRID);
}

function lumaPlane(flat: Float64Array): Float64Array {
  return new Float64Array(flat.length / 3).map((_, cell) => lumaAt(flat, 3 * cell));
}

/** Return three levels for each pixel. */
function withoutAlpha({ width, height, data }: Pixels): Float64Array {
  return new Float64Array(3 * width * height).map((_, at) => data[at + Math.floor(at / 3)]!);
}

/** Return the largest sum of so many numbers in a row. */
function largestSum(values: Uint32Array, count: number): number {
  let largest = 0;
  for (let first = 0; first + count <= values.length; first++) {
    largest = Math.max(largest, values.subarray(first, first + count).reduce((sum, value) => sum + value, 0));
  }
  return largest;
}

function histogramOf(luma: Uint8Array): Uint32Array {
  const counts = new Uint32Array(256);
  for (const level of luma) counts[level]!++;
  return counts;
}

/** Return the quantiles of a histogram in whole levels. */
function tonesOf(histogram: Uint32Array): number[] {
  const counts = histogram.slice();
  for (let level = 1; level < 256; level++) counts[level]! += counts[level - 1]!;
  return QUANTILES.map((quantile) => counts.findIndex((count) => count >= quantile * counts[255]!));
}

/** Return the colours of a content as they are in a style, three levels each; tones keep `kept` of their own distances. */
function colored(flat: Float64Array, tones: readonly number[], kept: number, colors: StyleColors): Float64Array {
  const { mean, covariance } = statistics(flat);
  const matrix = leastMotion(covariance, colors.covariance, NOISE_LEVELS ** 2);
  const ranked = toneCurve(tones, colors.tones, STEEPEST_CONTENT);
  const [darkest, lightest, own, ownLightest] = [tones[0]!, tones.at(-1)!, colors.tones[0]!, colors.tones.at(-1)!];
  const scale = (ownLightest - own) / Math.max(lightest - darkest, LEAST_RANGE);
  const moved = new Float64Array(flat.length);
  for (let at = 0; at < flat.length; at += 3) {
    const [r, g, b] = [flat[at]! - mean[0]!, flat[at + 1]! - mean[1]!, flat[at + 2]! - mean[2]!];
    for (let i = 0; i < 3; i++) moved[at + i] = matrix[i]![0]! * r + matrix[i]![1]! * g + matrix[i]![2]! * b + colors.mean[i]!;
    const luma = lumaAt(flat, at);
    const toned = (1 - kept) * ranked(luma) + kept * (own + (luma - darkest) * scale);
    const lack = clamp(toned, 0, 255) - lumaAt(moved, at);
    for (let i = 0; i < 3; i++) moved[at + i]! += lack;
  }
  pull(moved, colors);
  makePossible(moved);
  return moved;
}

function statistics(flat: Float64Array): { mean: number[]; covariance: Matrix } {
  const [mean, squares] = [[0, 0, 0], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]];
  const share = 3 / flat.length;
  for (let at = 0; at < flat.length; at++) mean[at % 3]! += share * flat[at]!;
  for (let at = 0; at < flat.length; at += 3) {
    for (let i = 0; i < 3; i++) {
      const off = share * (flat[at + i]! - mean[i]!);
      for (let j = 0; j < 3; j++) squares[i]![j]! += off * (flat[at + j]! - mean[j]!);
    }
  }
  return { mean, covariance: squares };
}

/** Return what gives luma of known quantiles the same ranks among others, not spread too much. */
function toneCurve(known: readonly number[], tones: readonly number[], steepest: number): (luma: number) => number {
  const places = [0];
  for (let index = 1; index < known.length; index++) {
    const gap = Math.max(known[index]! - known[index - 1]!, (tones[index]! - tones[index - 1]!) / steepest) + 1e-3;
    places.push(places.at(-1)! + gap);
  }
  const inner = places.map((place) => known[MIDDLE]! + place - places[MIDDLE]!);
  const from = [inner[0]! - 255, ...inner, inner.at(-1)! + 255];
  const to = [tones[0]! - BEYOND * 255, ...tones, tones.at(-1)! + BEYOND * 255];
  return (luma) => {
    let next = 1;
    while (next < from.length - 1 && luma >= from[next]!) next++;
    const [left, right] = [from[next - 1]!, from[next]!];
    const share = clamp((luma - left) / (right - left), 0, 1);
    return to[next - 1]! + share * (to[next]! - to[next - 1]!);
  };
}

/** Return what tells by which slopes and offsets a plane follows a guide: a guided filter. */
function guided(guide: Float64Array, size: Size): (values: Float64Array) => { slopes: Float64Array; offsets: Float64Array } {
  const mean = around(guide, size, RADIUS);
  const variance = around(guide.map((level) => level ** 2), size, RADIUS).map((square, cell) => square - mean[cell]! ** 2);
  return (values) => {
    const means = around(values, size, RADIUS);
    const products = around(values.map((value, cell) => value * guide[cell]!), size, RADIUS);
    const slopes = products.map((value, cell) => (value - mean[cell]! * means[cell]!) / (variance[cell]! + EDGE_LEVELS ** 2));
    const offsets = means.map((value, cell) => value - slopes[cell]! * mean[cell]!);
    return { slopes: around(slopes, size, RADIUS), offsets: around(offsets, size, RADIUS) };
  };
}

/** Return the table that gives a painting with these tones `toned` of the style's, and its colours. */
function tableOf(tones: readonly number[], colors: StyleColors, toned: number, amount: number): Float32Array {
  const flat = gridColors(GRID);
  const ranked = toneCurve(tones, colors.tones, STEEPEST_PAINTING);
  const moved = flat.slice();
  for (let at = 0; at < flat.length; at += 3) {
    const luma = lumaAt(flat, at);
    const lack = toned * (ranked(luma) - luma);
    for (let i = 0; i < 3; i++) {
      const own = levelAt(colors, luma + lack, i) - levelAt(colors, luma, i);
      moved[at + i]! += lack + COLORED * (own - lack);
    }
  }
  pull(moved, colors);
  makePossible(moved);
  return Float32Array.from(flat, (level, at) => level + amount * (moved[at]! - level));
}

/** Make colours that do not exist at their luma paler, in place. */
export function makePossible(flat: Float64Array): void {
  for (let at = 0; at < flat.length; at += 3) {
    const luma = clamp(lumaAt(flat, at), 0, 255);
    const [r, g, b] = [flat[at]! - luma, flat[at + 1]! - luma, flat[at + 2]! - luma];
    const share = Math.min(1, (255 - luma) / Math.max(r, g, b, 1e-3), luma / Math.max(-r, -g, -b, 1e-3));
    flat[at] = luma + share * r;
    flat[at + 1] = luma + share * g;
    flat[at + 2] = luma + share * b;
  }
}

/** Pull colours to the style's, in place; those near to them stay as they are. */
function pull(flat: Float64Array, colors: StyleColors): void {
  const { mean, covariance, byLuma, tones } = colors;
  const own = lumaAt(mean, 0);
  const variance = lumaAt(covariance.map((row) => lumaAt(row, 0)), 0);
  const spread = covariance.map((row, i) =>
    row.map((value, j) => value - variance * byLuma[i]! * byLuma[j]! + (i === j ? LEAST_SPREAD ** 2 : 0)),
  );
  const inverse = matrixPower(spread, -1, LEAST_SPREAD ** 2);
  const [low, high] = [tones[0]!, tones.at(-1)!];
  const rest = [0, 0, 0];
  for (let at = 0; at < flat.length; at += 3) {
    const luma = lumaAt(flat, at);
    for (let i = 0; i < 3; i++) rest[i] = flat[at + i]! - levelAt(colors, luma, i);
    let square = 0;
    for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) square += rest[i]! * inverse[i]![j]! * rest[j]!;
    const distance = Math.sqrt(Math.max(square, 1e-9)) / clamp((luma + DARK_LEVELS) / (own + DARK_LEVELS), 0.1, 1);
    const kept = soft(distance, REACH, REACH * SOFTNESS) / distance;
    const notTooLight = high + soft(luma - high, 0, RIM_LEVELS);
    const toned = low - soft(low - notTooLight, 0, RIM_LEVELS);
    for (let i = 0; i < 3; i++) flat[at + i] = levelAt(colors, toned, i) + kept * rest[i]!;
  }
}

/** Return a value, one above a limit bent so that it stays below `limit + width`. */
function soft(value: number, limit: number, width: number): number {
  return value <= limit ? value : limit + width * Math.tanh((value - limit) / width);
}
