/**
 * Styles with empty places leave calm areas calm: no dashes in the skies of prints and ink; see
 * `stylize/calming.py`.
 */
import { cellsOf, enlargeCells } from "./ground.ts";
import { blank, type Pixels } from "./pixels.ts";
import { BILINEAR, reduce, resize } from "./resample.ts";

const REDUCED = 4; // the median is taken at a quarter of the size
const MEDIAN_CELLS = 5;
const CALM_SHARE = 0.03; // standard deviation of the luma, as a share of itself and something in the dark
const DARK_LEVELS = 32;
const STEEPNESS = 2;

/** Smooth what was painted where the content is calm; `painted` is changed. `amount` is 0, nothing, to 1. */
export function calmDown(painted: Pixels, content: Pixels, amount: number): void {
  if (amount <= 0) return;
  const smooth = resize(median(reduce(painted, REDUCED)), [painted.width, painted.height], BILINEAR);
  const calm = calmAreas(content);
  const [to, from] = [painted.data, smooth.data];
  for (let pixel = 0, at = 0; pixel < calm.length; pixel++, at += 4) {
    const share = Math.round(255 * Math.min(1, amount) * calm[pixel]!);
    if (share === 0) continue;
    for (let channel = at; channel < at + 3; channel++) {
      const sum = to[channel]! * (255 - share) + from[channel]! * share + 128;
      to[channel] = ((sum >> 8) + sum) >> 8;
    }
  }
}

/** Return how calm a picture is at every pixel: from 0, busy, to 1, calm. */
export function calmAreas(content: Pixels): Float32Array {
  const { mean, variance, columns, rows } = cellsOf(content);
  const share = mean.map((level, cell) => {
    const deviation = Math.sqrt(variance[cell]!) / (CALM_SHARE * (level + DARK_LEVELS));
    return Math.min(1, Math.max(0, 1 + STEEPNESS * (1 - deviation)));
  });
  return enlargeCells(share, columns, rows, content.width, content.height);
}

/** Return the medians of each channel over squares, borders repeated. */
function median(picture: Pixels): Pixels {
  const { width, height, data } = picture;
  const result = blank(width, height);
  const reach = MEDIAN_CELLS >> 1;
  const seen = new Uint8Array(MEDIAN_CELLS ** 2);
  for (let y = 0, out = 0; y < height; y++) {
    for (let x = 0; x < width; x++, out += 4) {
      for (let channel = 0; channel < 3; channel++) {
        let count = 0;
        for (let dy = -reach; dy <= reach; dy++) {
          const row = Math.min(height - 1, Math.max(0, y + dy)) * width;
          for (let dx = -reach; dx <= reach; dx++) {
            seen[count++] = data[4 * (row + Math.min(width - 1, Math.max(0, x + dx))) + channel]!;
          }
        }
        result.data[out + channel] = seen.sort()[seen.length >> 1]!;
      }
      result.data[out + 3] = 255;
    }
  }
  return result;
}
