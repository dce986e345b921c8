/** As much contrast as a style has, octave by octave, where the content is not calm; see `stylize/contrast.py`. */
import { calmAreas } from "./calming.ts";
import { crop, type Pixels, type Size } from "./pixels.ts";
import { clamp } from "./rounding.ts";
import { LUMA } from "./style_colors.ts";

const AXES = [LUMA, [0.5, -0.5, 0], [0.25, 0.25, -0.5]] as const; // luma and two colours
const OCTAVES = [4, 3, 3] as const; // of each, the finest first; colours' begin at half the size
export const CONTRAST_NUMBERS = 10; // that tell how much contrast a style has: of all these octaves
// What one more of luma and of each colour is in red, green and blue: the inverse of the axes.
const COLORS = [[1, 1.288, 0.228], [1, -0.712, 0.228], [1, 0.288, -1.772]] as const;
const MOST = [3, 2, 2] as const; // gains are at most so large: more of what is hardly there is noise
const FRINGE_PX = 3; // nothing gets lighter than the lightest within so many pixels
const CALM = 0.15; // of what is added elsewhere is added in calm areas

/** A plane of numbers, row by row. */
interface Plane {
  readonly size: Size;
  readonly values: Float32Array;
}

/**
 * Give a painting, in place, the contrast of its style where it has less.
 *
 * @param wanted Standard deviations of the style in levels: of luma's octaves, the finest first, then of those of two colours.
 * @param amount From 0, nothing, to 1.
 */
export function raiseContrast(painted: Pixels, content: Pixels, wanted: ArrayLike<number>, amount: number): void {
  if (amount <= 0) return;
  const busy = busyAreas(content);
  const planes = AXES.map((weights) => planeOf(painted, weights));
  let from = 0;
  const added = planes.map((plane, axis) => {
    const count = OCTAVES[axis]!;
    const levels = Array.from({ length: count }, () => wanted[from++]!);
    const octaves = octavesOf(axis ? halved(plane) : plane, count);
    const lacking = addedTo(octaves, busy.slice(-count), levels, MOST[axis]!, amount);
    return axis ? doubled(lacking, plane.size) : lacking.values;
  });
  const [luma, most] = [planes[0]!.values, lightest(planes[0]!)];
  const [more, reds, blues] = [added[0]!, added[1]!, added[2]!];
  const [[, redOfReds, redOfBlues], [, greenOfReds, greenOfBlues], [, blueOfReds, blueOfBlues]] = COLORS;
  const { data } = painted;
  for (let at = 0, pixel = 0; at < data.length; at += 4, pixel++) {
    const [light, red, blue] = [Math.min(more[pixel]!, most[pixel]! - luma[pixel]!), reds[pixel]!, blues[pixel]!];
    data[at]! += light + redOfReds * red + redOfBlues * blue;
    data[at + 1]! += light + greenOfReds * red + greenOfBlues * blue;
    data[at + 2]! += light + blueOfReds * red + blueOfBlues * blue;
  }
}

function planeOf({ width, height, data }: Pixels, [red, green, blue]: readonly number[]): Plane {
  const values = new Float32Array(width * height);
  for (let pixel = 0, at = 0; pixel < values.length; pixel++, at += 4) {
    values[pixel] = red! * data[at]! + green! * data[at + 1]! + blue! * data[at + 2]!;
  }
  return { size: [width, height], values };
}

/** Return what a plane lacks of the contrast that is wanted of its octaves; they are changed. */
function addedTo(octaves: readonly Plane[], busy: readonly Plane[], wanted: readonly number[], most: number, amount: number): Plane {
  octaves.forEach(({ values }, index) => {
    const share = busy[index]!.values;
    const more = amount * (gainOf(values, share, wanted[index]!, most) - 1);
    for (let at = 0; at < values.length; at++) values[at]! *= more * share[at]!;
  });
  return octaves.reduceRight((below, octave) => {
    const enlarged = doubled(below, octave.size);
    for (let at = 0; at < enlarged.length; at++) octave.values[at]! += enlarged[at]!;
    return octave;
  });
}

/** Return the largest values within `FRINGE_PX` in both directions. */
function lightest({ size: [width, height], values }: Plane): Float32Array {
  const largest = values.slice();
  const line = new Float32Array(Math.max(width, height) + 2 * FRINGE_PX);
  for (let y = 0; y < height; y++) spread(largest, line, width, y * width, 1);
  for (let x = 0; x < width; x++) spread(largest, line, height, x, width);
  return largest;
}

/** Replace so many values, `step` apart, by the largest within `FRINGE_PX` of each. */
function spread(values: Float32Array, line: Float32Array, count: number, first: number, step: number): void {
  for (let at = 0; at < count; at++) line[at + FRINGE_PX] = values[first + at * step]!;
  line.fill(line[FRINGE_PX]!, 0, FRINGE_PX);
  line.fill(line[FRINGE_PX + count - 1]!, FRINGE_PX + count, count + 2 * FRINGE_PX);
  const window = 2 * FRINGE_PX + 1;
  let end = count + 2 * FRINGE_PX;
  for (let width = 1; width < window; ) {
    const further = Math.min(width, window - width); // two windows make a wider one
    end -= further;
    for (let at = 0; at < end; at++) if (line[at + further]! > line[at]!) line[at] = line[at + further]!;
    width += further;
  }
  for (let at = 0; at < count; at++) values[first + at * step] = line[at]!;
}

/** Part a plane into octaves, the finest first; the rest is left out. */
function octavesOf(plane: Plane, count: number): Plane[] {
  const octaves = [];
  for (let index = 0; index < count; index++) {
    const smaller = halved(plane);
    const octave = doubled(smaller, plane.size);
    for (let at = 0; at < octave.length; at++) octave[at] = plane.values[at]! - octave[at]!;
    octaves.push({ size: plane.size, values: octave });
    plane = smaller;
  }
  return octaves;
}

/** Return the means of squares of 2 x 2, at the far borders of what there is. */
function halved({ size: [width, height], values }: Plane): Plane {
  const size: Size = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const means = new Float32Array(size[0] * size[1]);
  for (let y = 0, at = 0; y < size[1]; y++) {
    const upper = 2 * y * width;
    const lower = Math.min(2 * y + 1, height - 1) * width;
    for (let x = 0; x < size[0]; x++, at++) {
      const [left, right] = [2 * x, Math.min(2 * x + 1, width - 1)];
      means[at] = (values[upper + left]! + values[upper + right]! + values[lower + left]! + values[lower + right]!) / 4;
    }
  }
  return { size, values: means };
}

/** Enlarge a plane twice, linearly, to a size. */
function doubled({ size: [width, height], values }: Plane, [toWidth, toHeight]: Size): Float32Array {
  const result = new Float32Array(toWidth * toHeight);
  const row = new Float32Array(width);
  for (let y = 0; y < toHeight; y++) {
    const near = (y >> 1) * width;
    const far = clamp((y >> 1) + (y % 2 ? 1 : -1), 0, height - 1) * width;
    for (let x = 0; x < width; x++) row[x] = 0.75 * values[near + x]! + 0.25 * values[far + x]!;
    for (let x = 0, at = y * toWidth, end = at + toWidth; at < end; x++) {
      result[at++] = 0.75 * row[x]! + 0.25 * row[Math.max(0, x - 1)]!;
      if (at < end) result[at++] = 0.75 * row[x]! + 0.25 * row[Math.min(width - 1, x + 1)]!;
    }
  }
  return result;
}

/** Return how much is raised in each octave, from `CALM` to 1. */
function busyAreas(content: Pixels): Plane[] {
  const { width, height } = content;
  const calm = crop(calmAreas(content), [0, 0, width, height]);
  const values = new Float32Array(width * height);
  for (let pixel = 0; pixel < values.length; pixel++) values[pixel] = 1 + (calm.data[4 * pixel]! * (CALM - 1)) / 255;
  const shares: Plane[] = [{ size: [width, height], values }];
  while (shares.length < Math.max(...OCTAVES)) shares.push(halved(shares.at(-1)!));
  return shares;
}

/** Return the gain by which the whole varies as wanted, at least 1. */
function gainOf(octave: Float32Array, busy: Float32Array, wanted: number, most: number): number {
  let [spread, mixed, raised] = [0, 0, 0];
  for (let at = 0; at < octave.length; at++) {
    const square = octave[at]! * octave[at]!;
    const shared = square * busy[at]!;
    spread += square;
    mixed += shared;
    raised += shared * busy[at]!;
  }
  [spread, mixed, raised] = [spread / octave.length, mixed / octave.length, raised / octave.length];
  // The mean of (1 + more busy)^2 squares is to be the square of what is wanted.
  const lack = Math.max(0, wanted ** 2 - spread);
  return Math.min(most, 1 + (Math.sqrt(mixed ** 2 + raised * lack) - mixed) / Math.max(raised, 1e-6));
}
