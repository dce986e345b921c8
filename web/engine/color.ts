/** Colours after the painting: keep those of the content, or take only the palette; see `stylize/color.py`. */
import { gridColors, lookUp } from "./color_table.ts";
import { BOX, fitWithin, resizeTransparent } from "./resample.ts";
import type { Pixels } from "./pixels.ts";
import { clamp, roundHalfEven } from "./rounding.ts";
import { leastMotion, type Matrix } from "./matrix.ts";

const LUMA = [0.2126, 0.7152, 0.0722] as const; // Rec. 709
const GRID = 33; // points of the table along each channel
const SAMPLE_SIDE_PX = 128;
const MIN_SPREAD = 0.02; // a grey photograph must not have its noise blown up to the style's colours

/**
 * Move the colours of a painted picture, in place, towards those of its content; brightness is kept.
 *
 * @param amount From 0, the colours as painted, to 1, those of the content.
 */
export function keepColors(painted: Pixels, content: Pixels, amount: number): void {
  const [p, c] = [painted.data, content.data];
  for (let at = 0; at < p.length; at += 4) {
    const luma = LUMA[0] * p[at]! + LUMA[1] * p[at + 1]! + LUMA[2] * p[at + 2]!;
    const of = LUMA[0] * c[at]! + LUMA[1] * c[at + 1]! + LUMA[2] * c[at + 2]!;
    const r = amount * (c[at]! - of) + (1 - amount) * (p[at]! - luma);
    const g = amount * (c[at + 1]! - of) + (1 - amount) * (p[at + 1]! - luma);
    const b = amount * (c[at + 2]! - of) + (1 - amount) * (p[at + 2]! - luma);
    // The largest share of the chroma that fits between black and white at this luma.
    const share = Math.min(
      1,
      (255 - luma) / Math.max(r, g, b, 1e-3),
      luma / Math.max(-Math.min(r, g, b), 1e-3),
    );
    p[at] = Math.trunc(luma + share * r + 0.5);
    p[at + 1] = Math.trunc(luma + share * g + 0.5);
    p[at + 2] = Math.trunc(luma + share * b + 0.5);
  }
}

/** Where the colours of a picture lie, in OKLab. */
export interface ColorStatistics {
  readonly mean: readonly number[];
  readonly covariance: Matrix;
}

/** Measure a picture; transparent pixels do not count. */
export function colorStatistics(picture: Pixels): ColorStatistics {
  const size = fitWithin([picture.width, picture.height], SAMPLE_SIDE_PX, roundHalfEven);
  const { data } = resizeTransparent(picture, size, BOX);
  const colors: number[][] = [];
  const weights: number[] = [];
  for (let at = 0; at < data.length; at += 4) {
    colors.push(toOklab(data[at]!, data[at + 1]!, data[at + 2]!));
    weights.push(data[at + 3]!);
  }
  if (!weights.some((weight) => weight > 0)) weights.fill(1);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = [0, 1, 2].map((axis) => colors.reduce((sum, color, at) => sum + color[axis]! * weights[at]!, 0) / total);
  const covariance = [0, 1, 2].map((i) =>
    [0, 1, 2].map((j) => colors.reduce((sum, color, at) => sum + weights[at]! * (color[i]! - mean[i]!) * (color[j]! - mean[j]!), 0) / total),
  );
  return { mean, covariance };
}

/**
 * Return a picture with its colours moved to the distribution of another's, by the linear map that
 * moves them the least (Monge-Kantorovich): what was the reddest stays the reddest.
 */
export function transferColors(picture: Pixels, source: ColorStatistics, target: ColorStatistics): Pixels {
  const result = { ...picture, data: picture.data.slice() };
  lookUp(result, colorTable(source, target), GRID);
  return result;
}

/** Tabulate the map on a grid of colours. */
function colorTable(source: ColorStatistics, target: ColorStatistics): Float32Array {
  const matrix = leastMotion(source.covariance, target.covariance, MIN_SPREAD ** 2);
  const colors = gridColors(GRID);
  const table = new Float32Array(colors.length);
  for (let at = 0; at < colors.length; at += 3) {
    const color = toOklab(colors[at]!, colors[at + 1]!, colors[at + 2]!).map((value, axis) => value - source.mean[axis]!);
    const moved = [0, 1, 2].map((i) => target.mean[i]! + color.reduce((sum, value, j) => sum + matrix[i]![j]! * value, 0));
    table.set(fromOklab(moved), at);
  }
  return table;
}

// Björn Ottosson, "A perceptual color space for image processing" (2020).
const LMS: Matrix = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const LAB: Matrix = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];
const LMS_INVERSE: Matrix = [
  [4.0767416621, -3.3077115913, 0.2309699292],
  [-1.2684380046, 2.6097574011, -0.3413193965],
  [-0.0041960863, -0.7034186147, 1.707614701],
];
const LAB_INVERSE: Matrix = [
  [1, 0.3963377774, 0.2158037573],
  [1, -0.1055613458, -0.0638541728],
  [1, -0.0894841775, -1.291485548],
];

function apply(matrix: Matrix, [x, y, z]: readonly number[]): number[] {
  return matrix.map((row) => row[0]! * x! + row[1]! * y! + row[2]! * z!);
}

/** sRGB values in 0..255 to OKLab: lightness 0..1 and two colour axes. */
function toOklab(r: number, g: number, b: number): number[] {
  const linear = [r / 255, g / 255, b / 255].map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return apply(LAB, apply(LMS, linear).map(Math.cbrt));
}

/** OKLab to sRGB values in 0..255; colours that do not exist are clipped. */
function fromOklab(color: readonly number[]): number[] {
  const linear = apply(LMS_INVERSE, apply(LAB_INVERSE, color).map((value) => value ** 3));
  return linear.map((value) => {
    const inside = clamp(value, 0, 1);
    return 255 * (inside <= 0.0031308 ? 12.92 * inside : 1.055 * inside ** (1 / 2.4) - 0.055);
  });
}
