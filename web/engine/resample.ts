/**
 * Scaling as Pillow does it, which the contract asks for: the scaling of a canvas differs from it
 * by many levels, and from browser to browser.
 */
import { blank, type Pixels, type Size } from "./pixels.ts";

export interface Filter {
  /** Half of the kernel's width, in pixels of the larger picture. */
  readonly support: number;
  readonly at: (x: number) => number;
}

export const BOX: Filter = { support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };
export const BILINEAR: Filter = { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) };
export const BICUBIC: Filter = {
  support: 2,
  at: (x) => {
    const a = -0.5;
    const d = Math.abs(x);
    if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
  },
};
export const LANCZOS: Filter = {
  support: 3,
  at: (x) => (x > -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0),
};

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Which pixels of a row make a new one, and with which weights. */
export interface Kernel {
  /** Index of the first pixel. */
  readonly first: Int32Array;
  /** Number of pixels. */
  readonly count: Int32Array;
  /** `length` weights for each new pixel, of which `count` are used; they sum to 1. */
  readonly weights: Float64Array;
  readonly length: number;
}

/**
 * Return the kernels of all pixels of a new row.
 *
 * @param from Pixels of the old row.
 * @param seen How much of it is scaled, from its beginning; may be a fraction.
 * @param to Pixels of the new row.
 */
export function kernels(from: number, seen: number, to: number, filter: Filter): Kernel {
  const scale = seen / to;
  const widening = Math.max(1, scale);
  const support = filter.support * widening;
  const length = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Float64Array(to * length);
  for (let x = 0; x < to; x++) {
    const center = (x + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(from, Math.trunc(center + support + 0.5));
    let total = 0;
    for (let index = 0; index < end - start; index++) {
      const weight = filter.at((index + start - center + 0.5) / widening);
      weights[x * length + index] = weight;
      total += weight;
    }
    for (let index = 0; index < end - start; index++) weights[x * length + index]! /= total;
    first[x] = start;
    count[x] = end - start;
  }
  return { first, count, weights, length };
}

/** Weights are whole numbers of this many binary digits after the point. */
const DIGITS = 22;

function fixedPoint(kernel: Kernel): Int32Array {
  return Int32Array.from(kernel.weights, (weight) => Math.trunc(weight * 2 ** DIGITS + Math.sign(weight) / 2));
}

/**
 * Scale a picture; all four channels are treated alike.
 *
 * @param reducingGap Means of blocks are taken first, as large as leaves at least so many times the
 *   wanted size.
 */
export function resize(
  picture: Pixels,
  [width, height]: Size,
  filter: Filter,
  reducingGap?: number,
): Pixels {
  if (picture.width === width && picture.height === height) return picture;
  let small = picture;
  let [seenWidth, seenHeight] = [picture.width, picture.height];
  if (reducingGap !== undefined) {
    const x = Math.trunc(picture.width / width / reducingGap) || 1;
    const y = Math.trunc(picture.height / height / reducingGap) || 1;
    small = reduce(picture, x, y);
    [seenWidth, seenHeight] = [picture.width / x, picture.height / y];
  }
  if (small.width !== width || seenWidth !== width) {
    small = scaleRows(small, width, kernels(small.width, seenWidth, width, filter));
  }
  if (small.height !== height || seenHeight !== height) {
    small = scaleColumns(small, height, kernels(small.height, seenHeight, height, filter));
  }
  return small;
}

function scaleRows(picture: Pixels, width: number, kernel: Kernel): Pixels {
  const result = blank(width, picture.height);
  const weights = fixedPoint(kernel);
  const from = picture.data;
  const to = result.data;
  for (let y = 0, out = 0; y < picture.height; y++) {
    for (let x = 0; x < width; x++, out += 4) {
      let at = 4 * (y * picture.width + kernel.first[x]!);
      const start = x * kernel.length;
      const end = start + kernel.count[x]!;
      let r = 1 << (DIGITS - 1);
      let [g, b, a] = [r, r, r];
      for (let index = start; index < end; index++, at += 4) {
        const weight = weights[index]!;
        r = (r + from[at]! * weight) | 0;
        g = (g + from[at + 1]! * weight) | 0;
        b = (b + from[at + 2]! * weight) | 0;
        a = (a + from[at + 3]! * weight) | 0;
      }
      to[out] = r >> DIGITS;
      to[out + 1] = g >> DIGITS;
      to[out + 2] = b >> DIGITS;
      to[out + 3] = a >> DIGITS;
    }
  }
  return result;
}

function scaleColumns(picture: Pixels, height: number, kernel: Kernel): Pixels {
  const result = blank(picture.width, height);
  const weights = fixedPoint(kernel);
  const row = 4 * picture.width;
  const sums = new Int32Array(row);
  for (let y = 0; y < height; y++) {
    sums.fill(1 << (DIGITS - 1));
    for (let index = 0; index < kernel.count[y]!; index++) {
      const weight = weights[y * kernel.length + index]!;
      const start = (kernel.first[y]! + index) * row;
      for (let x = 0; x < row; x++) sums[x] = (sums[x]! + picture.data[start + x]! * weight) | 0;
    }
    for (let x = 0; x < row; x++) result.data[y * row + x] = sums[x]! >> DIGITS;
  }
  return result;
}

/** Return the means of blocks of so many pixels; those at the right and at the bottom may be smaller. */
export function reduce(picture: Pixels, blockWidth: number, blockHeight = blockWidth): Pixels {
  if (blockWidth === 1 && blockHeight === 1) return picture;
  const result = blank(Math.ceil(picture.width / blockWidth), Math.ceil(picture.height / blockHeight));
  const { data } = picture;
  for (let y = 0, out = 0; y < result.height; y++) {
    const bottom = Math.min(picture.height, (y + 1) * blockHeight);
    for (let x = 0; x < result.width; x++, out += 4) {
      const left = x * blockWidth;
      const right = Math.min(picture.width, left + blockWidth);
      let [r, g, b, a] = [0, 0, 0, 0];
      for (let row = y * blockHeight; row < bottom; row++) {
        const end = 4 * (row * picture.width + right);
        for (let at = 4 * (row * picture.width + left); at < end; at += 4) {
          r += data[at]!;
          g += data[at + 1]!;
          b += data[at + 2]!;
          a += data[at + 3]!;
        }
      }
      const count = (right - left) * (bottom - y * blockHeight);
      const half = count >> 1;
      const share = Math.trunc(2 ** 24 / count); // cut off, so halves and some others round down
      result.data[out] = Math.floor(((r + half) * share) / 2 ** 24);
      result.data[out + 1] = Math.floor(((g + half) * share) / 2 ** 24);
      result.data[out + 2] = Math.floor(((b + half) * share) / 2 ** 24);
      result.data[out + 3] = Math.floor(((a + half) * share) / 2 ** 24);
    }
  }
  return result;
}

/** Scale a picture that may be transparent; the colours of what nobody sees do not bleed. */
export function resizeTransparent(picture: Pixels, size: Size, filter: Filter): Pixels {
  if (picture.width === size[0] && picture.height === size[1]) return picture;
  const premultiplied = blank(picture.width, picture.height);
  for (let at = 0; at < picture.data.length; at += 4) {
    const alpha = picture.data[at + 3]!;
    for (let channel = 0; channel < 3; channel++) {
      premultiplied.data[at + channel] = Math.round((picture.data[at + channel]! * alpha) / 255);
    }
    premultiplied.data[at + 3] = alpha;
  }
  const { width, height, data } = resize(premultiplied, size, filter);
  const result = blank(width, height);
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3]!;
    for (let channel = 0; channel < 3; channel++) {
      const value = data[at + channel]!;
      result.data[at + channel] = alpha === 0 || alpha === 255 ? value : Math.floor((255 * value) / alpha);
    }
    result.data[at + 3] = alpha;
  }
  return result;
}

/** Return a size scaled down, never up, so that its longer side is at most `maxSidePx`. */
export function fitWithin([width, height]: Size, maxSidePx: number, round: (value: number) => number): Size {
  const longer = Math.max(width, height);
  if (longer <= maxSidePx) return [width, height];
  const scaled = (side: number): number => Math.max(1, round((side * maxSidePx) / longer));
  return [scaled(width), scaled(height)];
}
