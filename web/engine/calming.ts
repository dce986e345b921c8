/**
 * Calm areas stay calm, most of all in styles with empty places: no dashes in the skies of prints; see
 * `stylize/calming.py`.
 */
import { CELL_PX, cellsOf } from "./ground.ts";
import { blank, lumaOf, paste, type Pixels } from "./pixels.ts";
import { BICUBIC, BILINEAR, reduce, resize } from "./resample.ts";
import { roundHalfEven } from "./rounding.ts";

const REDUCED = 8; // medians are taken at an eighth of the size
const CALM_SHARE = 0.04; // standard deviation of the luma, as a share of itself and something in the dark
const DARK_LEVELS = 32;
const STEEPNESS = 2;

/**
 * Smooth what was painted where the content is calm; `painted` is changed. `amount` is 0, nothing, to 1; `atMost` is the
 * share of the picture that is smoothed at most; `everywhere`, 0 to 1, is how much is smoothed at least, calm or not.
 */
export function calmDown(painted: Pixels, content: Pixels, amount: number, atMost = 1, everywhere = 0): void {
  if (Math.max(amount, everywhere) <= 0) return;
  // The content's luma takes the place of alpha: all four channels are smoothed in one pass.
  const both = withLuma(painted, content);
  const smooth = withoutStrokes(both);
  for (let at = 0; at < smooth.data.length; at += 4) {
    // Fur, faces and clouds keep their modelling: that of the content.
    const detail = both.data[at + 3]! - smooth.data[at + 3]!;
    for (let channel = at; channel < at + 3; channel++) smooth.data[channel]! += detail;
  }
  const mask = calmAreas(content, Math.min(1, amount), atMost);
  const least = roundHalfEven(255 * everywhere);
  if (least > 0) for (let at = 0; at < mask.data.length; at += 4) mask.data[at] = Math.max(least, mask.data[at]!);
  paste(painted, smooth, mask);
}

/**
 * Return how calm a picture is: grey, from 0, busy, to 255 times `most`, calm, or less where calm areas would count more
 * than `atMost` of the picture; whole cells, so larger than it.
 */
export function calmAreas(content: Pixels, most = 1, atMost = 1): Pixels {
  const { mean, variance, columns, rows } = cellsOf(content);
  const cells = blank(columns, rows);
  const shares = mean.map((level, cell) => {
    const deviation = Math.sqrt(variance[cell]!) / (CALM_SHARE * (level + DARK_LEVELS));
    return Math.min(1, Math.max(0, 1 + STEEPNESS * (1 - deviation)));
  });
  const area = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const amount = Math.min(most, atMost / Math.max(area, atMost, 1e-9));
  shares.forEach((share, cell) => (cells.data[4 * cell] = roundHalfEven(255 * amount * share)));
  return resize(cells, [columns * CELL_PX, rows * CELL_PX], BILINEAR);
}

/** Return a picture with the luma of another one of its size as its alpha. */
function withLuma(picture: Pixels, other: Pixels): Pixels {
  const result = { ...picture, data: picture.data.slice() };
  lumaOf(other).forEach((luma, pixel) => (result.data[4 * pixel + 3] = luma));
  return result;
}

/** Return a picture without what is smaller than some 40 pixels. */
function withoutStrokes(picture: Pixels): Pixels {
  const small = medians(medians(reduce(picture, REDUCED), 1, 0), 0, 1);
  return resize(reduce(small, 2), [picture.width, picture.height], BICUBIC);
}

/** Return the medians of each channel over five pixels, (dx, dy) apart, borders repeated. */
function medians(picture: Pixels, dx: number, dy: number): Pixels {
  const { width, height, data } = picture;
  const result = blank(width, height);
  const seen = new Uint8Array(5);
  for (let y = 0, out = 0; y < height; y++) {
    for (let x = 0; x < width; x++, out += 4) {
      for (let channel = 0; channel < 4; channel++) {
        for (let step = -2; step <= 2; step++) {
          const column = Math.min(width - 1, Math.max(0, x + step * dx));
          const row = Math.min(height - 1, Math.max(0, y + step * dy));
          seen[step + 2] = data[4 * (row * width + column) + channel]!;
        }
        result.data[out + channel] = seen.sort()[2]!;
      }
    }
  }
  return result;
}
