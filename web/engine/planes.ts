/** Planes: one number for each cell of a picture, row by row; see `stylize/planes.py`. */
import type { Size } from "./pixels.ts";
import { BILINEAR, kernels } from "./resample.ts";
import { clamp } from "./rounding.ts";

/** Return the means over the cells within a radius in both directions, borders repeated. */
export function around(plane: Float64Array, [columns, rows]: Size, radius: number): Float64Array {
  const tall = new Float64Array(plane.length);
  for (let y = 0, start = 0; y < rows; y++, start += columns) {
    for (let step = -radius; step <= radius; step++) {
      const from = columns * clamp(y + step, 0, rows - 1);
      for (let x = 0; x < columns; x++) tall[start + x]! += plane[from + x]!;
    }
  }
  const means = new Float64Array(plane.length);
  for (let y = 0, start = 0; y < rows; y++, start += columns) {
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let step = -radius; step <= radius; step++) sum += tall[start + clamp(x + step, 0, columns - 1)]!;
      means[start + x] = sum / (2 * radius + 1) ** 2;
    }
  }
  return means;
}

/** Enlarge cells of `cellPx` a side to the pixels of a picture, linearly; cells may reach beyond it. */
export function enlargeCells(cells: Float64Array, [columns, rows]: Size, cellPx: number, [width, height]: Size): Float32Array {
  const across = kernels(columns, columns, columns * cellPx, BILINEAR);
  const down = kernels(rows, rows, rows * cellPx, BILINEAR);
  const wide = new Float64Array(rows * width);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let index = 0; index < across.count[x]!; index++) {
        sum += across.weights[x * across.length + index]! * cells[y * columns + across.first[x]! + index]!;
      }
      wide[y * width + x] = sum;
    }
  }
  const result = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let index = 0; index < down.count[y]!; index++) {
      const weight = down.weights[y * down.length + index]!;
      const row = (down.first[y]! + index) * width;
      for (let x = 0; x < width; x++) result[y * width + x]! += weight * wide[row + x]!;
    }
  }
  return result;
}
