/**
 * Revising: what happens between a painting and one of twice its size. All of it is whole numbers,
 * shares in 64ths; see `stylize/revision.py`.
 */
import { BICUBIC, reduce, resize } from "./resample.ts";
import { blank, crop, type Box, type Pixels, type Size } from "./pixels.ts";
import { clamp, roundHalfEven } from "./rounding.ts";

/** Surroundings that a revision needs beside the network's own. */
export const HALO_PX = 8;
const STEPS = 64;
const REACH_PX = 4; // of the bicubic kernel, in pixels of the smaller picture

/** What parts are cut from. */
export interface Source {
  readonly width: number;
  readonly height: number;
  readonly crop: (box: Box) => Pixels;
}

/** Return a picture as something that parts are cut from. */
export function sourceOf(picture: Pixels): Source {
  return { width: picture.width, height: picture.height, crop: (box) => crop(picture, box) };
}

/**
 * Enlarge a painting to a size, at most twice its own. Where it is twice its own, perhaps less a
 * pixel, that happens part by part, as it is asked for: the whole would take four times as much.
 */
export function enlarge(painting: Pixels, [width, height]: Size): Source {
  const cut = [2 * painting.width - width, 2 * painting.height - height];
  if (cut.some((px) => px !== 0 && px !== 1)) return sourceOf(resize(painting, [width, height], BICUBIC));
  return {
    width,
    height,
    crop: (box) => {
      const left = Math.max(0, Math.floor(box[0] / 2) - REACH_PX);
      const top = Math.max(0, Math.floor(box[1] / 2) - REACH_PX);
      const right = Math.min(painting.width, Math.ceil(box[2] / 2) + REACH_PX);
      const bottom = Math.min(painting.height, Math.ceil(box[3] / 2) + REACH_PX);
      const part = crop(painting, [left, top, right, bottom]);
      const large = resize(part, [2 * part.width, 2 * part.height], BICUBIC);
      return crop(large, [box[0] - 2 * left, box[1] - 2 * top, box[2] - 2 * left, box[3] - 2 * top]);
    },
  };
}

/**
 * Give an enlarged painting what the content shows in the finest octave.
 *
 * @param under The enlarged painting; sides even.
 * @param detail Share of the content's octave, 0 to 2.
 */
export function layOver(under: Pixels, content: Pixels, detail: number): Pixels {
  const gain = roundHalfEven(STEPS * detail);
  if (gain === 0) return under;
  const result = blank(under.width, under.height);
  const row = 4 * under.width;
  enlargeRows(Int16Array.from(reduce(content, 2).data), row, under.height, (y, coarse) => {
    for (let x = 0, at = y * row; x < row; x++, at++) {
      const octave = content.data[at]! - coarse[x]!;
      result.data[at] = under.data[at]! + ((octave * gain + STEPS / 2) >> 6);
    }
  });
  return result;
}

/** Tell whether `keepCoarse` takes anything of what was painted at such a share. */
export function keepsAny(share: number): boolean {
  return roundHalfEven(STEPS * share) > 0;
}

/**
 * Give a revised painting all but its finest octave from the painting below.
 *
 * @param painted Revised; sides even.
 * @param seen What was painted over, from `layOver`.
 * @param under The enlarged painting.
 * @param share Of the revised painting in the result, 0 to 1.
 */
export function keepCoarse(painted: Pixels, seen: Pixels, under: Pixels, share = 1): Pixels {
  const gain = roundHalfEven(STEPS * share);
  const below = reduce(under, 2).data;
  const change = Int16Array.from(reduce(painted, 2).data, (value, at) => below[at]! - value);
  const result = blank(painted.width, painted.height);
  const row = 4 * painted.width;
  enlargeRows(sharpen(change, row / 2), row, painted.height, (y, coarse) => {
    for (let x = 0, at = y * row; x < row; x++, at++) {
      const kept = clamp(painted.data[at]! + coarse[x]!, 0, 255);
      result.data[at] = seen.data[at]! + (((kept - seen.data[at]!) * gain + STEPS / 2) >> 6);
    }
  });
  return result;
}

/** Return twice what enlarging and halving would take away, so that nearly nothing is lost by them. */
function sharpen(values: Int16Array, row: number): Int16Array {
  const height = values.length / row;
  const across = new Int16Array(values.length);
  for (let y = 0; y < height; y++) {
    const start = y * row;
    for (let x = 0; x < row; x++) {
      const left = values[start + (x < 4 ? x : x - 4)]!;
      const right = values[start + (x < row - 4 ? x + 4 : x)]!;
      across[start + x] = 6 * values[start + x]! + left + right;
    }
  }
  return values.map((value, at) => {
    const above = across[at < row ? at : at - row]!;
    const below = across[at < values.length - row ? at + row : at]!;
    return 2 * value - ((6 * across[at]! + above + below + 32) >> 6);
  });
}

/**
 * Enlarge twofold and linearly, row by row: each new value is (9 a + 3 b + 3 c + d + 8) / 16 of the
 * four around it; borders are repeated.
 *
 * @param values Of the small picture, 4 to a pixel.
 * @param row Values in a row of the large one.
 * @param take Gets each row of the large one; it is valid during the call only.
 */
function enlargeRows(values: Int16Array, row: number, height: number, take: (y: number, large: Int16Array) => void): void {
  const small = row / 2;
  const mixed = new Int16Array(small);
  const large = new Int16Array(row);
  for (let y = 0; y < height; y++) {
    const near = (y >> 1) * small;
    const far = clamp((y >> 1) + (y & 1 ? 1 : -1), 0, height / 2 - 1) * small;
    for (let x = 0; x < small; x++) mixed[x] = 3 * values[near + x]! + values[far + x]!;
    for (let x = 0; x < small; x++) {
      const left = mixed[x < 4 ? x : x - 4]!;
      const right = mixed[x < small - 4 ? x + 4 : x]!;
      const out = 2 * (x & ~3) + (x & 3);
      large[out] = (3 * mixed[x]! + left + 8) >> 4;
      large[out + 4] = (3 * mixed[x]! + right + 8) >> 4;
    }
    take(y, large);
  }
}
