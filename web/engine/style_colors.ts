/** Which colours a style has: their mean and covariance, and the quantiles of its luma; see `stylize/style_colors.py`. */
import { product, type Matrix } from "./matrix.ts";
import { clamp } from "./rounding.ts";

export const LUMA = [0.299, 0.587, 0.114] as const; // Rec. 601
export const QUANTILES = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99] as const; // of the luma
export const COLOR_NUMBERS = 3 + 6 + QUANTILES.length; // that tell which colours a style has
export const LEAST_SPREAD = 2; // levels of noise
const LEAST_SHARE = 0.1; // of either colour in a style of two
const TONES = 99; // of a style that are told apart

/** Which colours a style has, in levels of 255. */
export interface StyleColors {
  readonly mean: readonly number[];
  /** The square root of their covariance. */
  readonly root: Matrix;
  /** With a little grey noise, so that there is always something to go by. */
  readonly covariance: Matrix;
  /** How its RGB change with its luma. */
  readonly byLuma: readonly number[];
  /** How much of it would be of the darker one, were its colours two. */
  readonly darkShare: number;
  /** The luma of both. */
  readonly ends: readonly [number, number];
  /** The quantiles of its luma, ascending. */
  readonly tones: readonly number[];
}

/** Take the 18 numbers that a model tells of a style: mean, the upper triangle of the covariance's root by rows, tones. */
export function styleColors(numbers: readonly number[]): StyleColors {
  const root = [[3, 4, 5], [4, 6, 7], [5, 7, 8]].map((row) => row.map((at) => numbers[at]!));
  const covariance = product(root, root).map((row) => row.map((value) => value + LEAST_SPREAD ** 2));
  const along = covariance.map((row) => lumaAt(row, 0));
  const levels = numbers.map((value) => clamp(value, 0, 255));
  const tones = levels.slice(9).map((_, index, all) => Math.max(...all.slice(0, index + 1)));
  const darkShare = clamp(shareOfDark(evenly(tones)), LEAST_SHARE, 1 - LEAST_SHARE);
  const [own, spread, odds] = [lumaAt(levels, 0), Math.sqrt(lumaAt(along, 0)), Math.sqrt(darkShare / (1 - darkShare))];
  return {
    mean: levels.slice(0, 3),
    root,
    covariance,
    byLuma: along.map((value) => value / lumaAt(along, 0)),
    darkShare,
    ends: [own - spread / odds, own + spread * odds],
    tones,
  };
}

/** Return how much a style has of a channel at a luma: along a line between the ends, beyond only lighter or darker. */
export function levelAt({ mean, byLuma, ends }: StyleColors, luma: number, channel: number): number {
  const inside = clamp(luma, ends[0], ends[1]);
  return mean[channel]! + byLuma[channel]! * (inside - lumaAt(mean, 0)) + luma - inside;
}

/** Return the luma of the colour that begins at a place. */
export function lumaAt(colors: ArrayLike<number>, at: number): number {
  return LUMA[0] * colors[at]! + LUMA[1] * colors[at + 1]! + LUMA[2] * colors[at + 2]!;
}

/** Return tones at even steps between the known quantiles. */
function evenly(tones: readonly number[]): number[] {
  const [first, last] = [QUANTILES[0], QUANTILES.at(-1)!];
  return Array.from({ length: TONES }, (_, index) => {
    const at = Math.min(last, first + (index * (last - first)) / (TONES - 1));
    let next = 1;
    while (next < QUANTILES.length - 1 && at >= QUANTILES[next]!) next++;
    const [left, right] = [QUANTILES[next - 1]!, QUANTILES[next]!];
    return tones[next - 1]! + ((at - left) / (right - left)) * (tones[next]! - tones[next - 1]!);
  });
}

/** Return the share of ascending tones that lies below the others, where both differ the most: Otsu's threshold. */
function shareOfDark(tones: readonly number[]): number {
  const total = tones.reduce((sum, tone) => sum + tone, 0);
  const mean = total / tones.length;
  let [below, largest, dark] = [0, -Infinity, 0];
  for (let count = 1; count < tones.length; count++) {
    below += tones[count - 1]!;
    const others = tones.length - count;
    const apart = count * (below / count - mean) ** 2 + others * ((total - below) / others - mean) ** 2;
    if (apart > largest) [largest, dark] = [apart, count];
  }
  return dark / tones.length;
}
