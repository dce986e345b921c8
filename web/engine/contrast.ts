/** As much contrast as a style has, octave by octave, where the content is not calm; see `stylize/contrast.py`. */
import { calmAreas } from "./calming.ts";
import { crop, type Pixels, type Size } from "./pixels.ts";
import { enlargeCells } from "./planes.ts";
import { LUMA } from "./recoloring.ts";

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
  readonly values: Float64Array;
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
  const { data } = painted;
  const planes = AXES.map((weights) => planeOf(painted, weights));
  let from = 0;
  const raised = planes.map((plane, axis) => {
    const count = OCTAVES[axis]!;
    const shares = busy.slice(-count);
    const levels = Array.from({ length: count }, () => wanted[from++]!);
    const octaves = octavesOf(axis ? halved(plane) : plane, count).map(({ size, values }, index) => {
      const share = shares[index]!.values;
      const more = amount * (gainOf(values, share, levels[index]!, MOST[axis]!) - 1);
      return { size, values: values.map((value, at) => more * share[at]! * value) };
    });
    const added = octaves.reduceRight((below, octave) => {
      const enlargedBelow = enlarged(below, octave.size);
      return { size: octave.size, values: octave.values.map((value, at) => value + enlargedBelow[at]!) };
    });
    return axis ? enlarged(added, plane.size) : added.values;
  });
  const [luma, most] = [planes[0]!.values, lightest(planes[0]!)];
  raised[0] = raised[0]!.map((more, pixel) => Math.min(more, most[pixel]! - luma[pixel]!));
  for (let at = 0, pixel = 0; at < data.length; at += 4, pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      let more = 0;
      for (let axis = 0; axis < AXES.length; axis++) more += COLORS[channel]![axis]! * raised[axis]![pixel]!;
      data[at + channel]! += more;
    }
  }
}

function planeOf({ width, height, data }: Pixels, weights: readonly number[]): Plane {
  const values = new Float64Array(width * height);
  for (let pixel = 0, at = 0; pixel < values.length; pixel++, at += 4) {
    values[pixel] = weights[0]! * data[at]! + weights[1]! * data[at + 1]! + weights[2]! * data[at + 2]!;
  }
  return { size: [width, height], values };
}

/** Return the largest values within `FRINGE_PX` in both directions. */
function lightest({ size: [width, height], values }: Plane): Float64Array {
  const tall = new Float64Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let most = -Infinity;
      for (let row = Math.max(0, y - FRINGE_PX); row <= Math.min(height - 1, y + FRINGE_PX); row++) most = Math.max(most, values[row * width + x]!);
      tall[y * width + x] = most;
    }
  }
  const largest = new Float64Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let most = -Infinity;
      for (let column = Math.max(0, x - FRINGE_PX); column <= Math.min(width - 1, x + FRINGE_PX); column++) most = Math.max(most, tall[y * width + column]!);
      largest[y * width + x] = most;
    }
  }
  return largest;
}

/** Part a plane into octaves, the finest first; the rest is left out. */
function octavesOf(plane: Plane, count: number): Plane[] {
  const octaves = [];
  for (let index = 0; index < count; index++) {
    const smaller = halved(plane);
    const rest = enlarged(smaller, plane.size);
    octaves.push({ size: plane.size, values: plane.values.map((value, at) => value - rest[at]!) });
    plane = smaller;
  }
  return octaves;
}

/** Return the means of squares of 2 x 2, at the far borders of what there is. */
function halved({ size: [width, height], values }: Plane): Plane {
  const size: Size = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const means = new Float64Array(size[0] * size[1]);
  for (let y = 0, at = 0; y < size[1]; y++) {
    const rows = Math.min(2, height - 2 * y);
    for (let x = 0; x < size[0]; x++, at++) {
      const columns = Math.min(2, width - 2 * x);
      let sum = 0;
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) sum += values[(2 * y + row) * width + 2 * x + column]!;
      }
      means[at] = sum / (rows * columns);
    }
  }
  return { size, values: means };
}

function enlarged({ size, values }: Plane, to: Size): Float32Array {
  return enlargeCells(values, size, 2, to);
}

/** Return how much is raised in each octave, from `CALM` to 1. */
function busyAreas(content: Pixels): Plane[] {
  const { width, height } = content;
  const calm = crop(calmAreas(content), [0, 0, width, height]);
  const values = Float64Array.from({ length: width * height }, (_, pixel) => 1 + (calm.data[4 * pixel]! * (CALM - 1)) / 255);
  const shares: Plane[] = [{ size: [width, height], values }];
  while (shares.length < Math.max(...OCTAVES)) shares.push(halved(shares.at(-1)!));
  return shares;
}

/** Return the gain by which the whole varies as wanted, at least 1. */
function gainOf(octave: Float64Array, busy: Float64Array, wanted: number, most: number): number {
  let [spread, mixed, raised] = [0, 0, 0];
  for (let at = 0; at < octave.length; at++) {
    const square = octave[at]! ** 2;
    spread += square;
    mixed += square * busy[at]!;
    raised += square * busy[at]! ** 2;
  }
  [spread, mixed, raised] = [spread / octave.length, mixed / octave.length, raised / octave.length];
  // The mean of (1 + more busy)^2 squares is to be the square of what is wanted.
  const lack = Math.max(0, wanted ** 2 - spread);
  return Math.min(most, 1 + (Math.sqrt(mixed ** 2 + raised * lack) - mixed) / Math.max(raised, 1e-6));
}
