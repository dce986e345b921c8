/** Tables of colours, looked up in whole numbers as Pillow's `Color3DLUT` does. */
import type { Pixels } from "./pixels.ts";

const DIGITS = 6; // binary, after the point of a level in the table
const SHARE_DIGITS = 15;
const PLACE_DIGITS = 18;

/** Return the colours that a table is made for, three levels each: `points` along each channel, red varies fastest. */
export function gridColors(points: number): Float64Array {
  const colors = new Float64Array(3 * points ** 3);
  for (let index = 0, at = 0; at < colors.length; index++, at += 3) {
    colors[at] = (255 * (index % points)) / (points - 1);
    colors[at + 1] = (255 * (Math.floor(index / points) % points)) / (points - 1);
    colors[at + 2] = (255 * Math.floor(index / points ** 2)) / (points - 1);
  }
  return colors;
}

/**
 * Change the colours of a picture, in place, to those of a table, linear between its points; the transparency is kept.
 *
 * @param table Levels, -512 to 511, for each of the `gridColors`.
 */
export function lookUp({ data }: Pixels, table: Float32Array, points: number): void {
  const levels = new Int16Array(table.map((level) => Math.trunc(level * 2 ** DIGITS + Math.sign(level) / 2)));
  const { cells, shares } = places(points);
  const [green, blue] = [3 * points, 3 * points ** 2];
  for (let at = 0; at < data.length; at += 4) {
    const [r, g, b] = [data[at]!, data[at + 1]!, data[at + 2]!];
    const [across, down, deep] = [shares[r]!, shares[g]!, shares[b]!];
    let near = 3 * cells[r]! + green * cells[g]! + blue * cells[b]!;
    for (let channel = at; channel < at + 3; channel++, near++) {
      const far = near + blue;
      const front = mixed(
        mixed(levels[near]!, levels[near + 3]!, across), mixed(levels[near + green]!, levels[near + green + 3]!, across), down,
      );
      const back = mixed(
        mixed(levels[far]!, levels[far + 3]!, across), mixed(levels[far + green]!, levels[far + green + 3]!, across), down,
      );
      data[channel] = (mixed(front, back, deep) + (1 << (DIGITS - 1))) >> DIGITS;
    }
  }
}

function mixed(first: number, second: number, share: number): number {
  return first + (Math.imul(second - first, share) >> SHARE_DIGITS);
}

/** Return for each of 256 levels the point below it, and how far it is from there to the next one. */
function places(points: number): { cells: Uint8Array; shares: Uint16Array } {
  const scale = Math.trunc(((points - 1) / 255) * 2 ** PLACE_DIGITS);
  const at = Int32Array.from({ length: 256 }, (_, level) => level * scale);
  return {
    cells: Uint8Array.from(at, (place) => place >> PLACE_DIGITS),
    shares: Uint16Array.from(at, (place) => (place & ((1 << PLACE_DIGITS) - 1)) >> (PLACE_DIGITS - SHARE_DIGITS)),
  };
}
