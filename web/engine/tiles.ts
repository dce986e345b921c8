/** Painting a picture in tiles that fit together without seams; see `stylize/painting.py`. */
import { blank, type Pixels, type Size } from "./pixels.ts";
import type { Source } from "./revision.ts";
import { clamp, roundUp } from "./rounding.ts";

/** A row or column and the one just behind the last. */
export interface Span {
  readonly start: number;
  readonly stop: number;
}

/** A part of a length, without and with its halo. */
interface Part {
  readonly inner: Span;
  readonly outer: Span;
}

/** A part of a canvas, without and with the surroundings that it needs. */
export interface Tile {
  readonly rows: Span;
  readonly columns: Span;
  readonly outerRows: Span;
  readonly outerColumns: Span;
}

/** The mirrored margin around a picture, which also makes its sides multiples of the grid. */
export class Canvas {
  readonly gridWidth: number;
  readonly gridHeight: number;

  constructor(readonly size: Size, private readonly margin: number, private readonly grid: number) {
    this.gridWidth = roundUp(size[0] + 2 * this.margin, this.grid);
    this.gridHeight = roundUp(size[1] + 2 * this.margin, this.grid);
  }

  /** Divide the canvas into the tiles that need the fewest pixels, each of at most so many. */
  tiles(haloPx: number, tilePixels: number): Tile[] {
    const { gridWidth: width, gridHeight: height } = this;
    let best: readonly [Part[], Part[]] | undefined;
    for (let count = 1; count <= this.most(width, haloPx); count++) {
      const columns = this.divide(width, count, haloPx);
      const rows = this.fill(height, Math.floor(tilePixels / widest(columns)), haloPx);
      if (best === undefined || area(rows, columns) < area(...best)) best = [rows, columns];
    }
    const [rows, columns] = best!;
    return rows.flatMap((row) =>
      columns.map((column) => ({
        rows: row.inner,
        columns: column.inner,
        outerRows: row.outer,
        outerColumns: column.outer,
      })),
    );
  }

  /** Divide a length into at most so many parts, about equal, that begin on the grid. */
  private divide(length: number, count: number, haloPx: number): Part[] {
    const step = roundUp(Math.ceil(length / count), this.grid);
    const parts: Part[] = [];
    for (let start = 0; start < length; start += step) {
      const stop = Math.min(start + step, length);
      parts.push({
        inner: { start, stop },
        outer: { start: Math.max(0, start - haloPx), stop: Math.min(length, stop + haloPx) },
      });
    }
    return parts;
  }

  /** Return into how many parts a length may be divided: halos should not be larger than tiles. */
  private most(length: number, haloPx: number): number {
    return Math.max(1, Math.floor(length / Math.max(this.grid, 2 * haloPx)));
  }

  /** Divide a length into as few parts as are not wider, halos included, or than twice the halo. */
  private fill(length: number, limit: number, haloPx: number): Part[] {
    const most = this.most(length, haloPx);
    for (let count = 1; count < most; count++) {
      const parts = this.divide(length, count, haloPx);
      if (widest(parts) <= limit) return parts;
    }
    return this.divide(length, most, haloPx);
  }

  /** Return a tile with its surroundings, cut from the picture. */
  cut(picture: Source, tile: Tile): Pixels {
    const x = this.mirrored(tile.outerColumns, this.size[0]);
    const y = this.mirrored(tile.outerRows, this.size[1]);
    const [left, top] = [least(x), least(y)];
    const part = picture.crop([left, top, most(x) + 1, most(y) + 1]);
    const from = new Uint32Array(part.data.buffer, part.data.byteOffset, part.width * part.height);
    const result = blank(x.length, y.length);
    const to = new Uint32Array(result.data.buffer);
    for (let row = 0, at = 0; row < y.length; row++) {
      const start = (y[row]! - top) * part.width - left;
      for (let column = 0; column < x.length; column++, at++) to[at] = from[start + x[column]!]!;
    }
    return result;
  }

  /** Put what was painted of a tile, surroundings included, into the picture. */
  place(painted: Pixels, tile: Tile, result: Pixels): void {
    const rows = this.shown(tile.rows, this.size[1]);
    const columns = this.shown(tile.columns, this.size[0]);
    const left = this.margin + columns.start - tile.outerColumns.start;
    for (let y = rows.start; y < rows.stop; y++) {
      const start = 4 * ((this.margin + y - tile.outerRows.start) * painted.width + left);
      const end = start + 4 * (columns.stop - columns.start);
      result.data.set(painted.data.subarray(start, end), 4 * (y * result.width + columns.start));
    }
  }

  /** The rows or columns of the picture that lie in a part of the canvas. */
  private shown(part: Span, side: number): Span {
    const start = clamp(part.start - this.margin, 0, side);
    return { start, stop: Math.max(start, Math.min(part.stop - this.margin, side)) };
  }

  /** The rows or columns of the picture that a part of the canvas shows, the border not repeated. */
  private mirrored({ start, stop }: Span, side: number): Int32Array {
    const period = 2 * (side - 1);
    return Int32Array.from({ length: stop - start }, (_, index) => {
      if (side === 1) return 0;
      const folded = Math.abs(start + index - this.margin) % period;
      return Math.min(folded, period - folded);
    });
  }
}

function least(values: Int32Array): number {
  return values.reduce((a, b) => Math.min(a, b));
}

function most(values: Int32Array): number {
  return values.reduce((a, b) => Math.max(a, b));
}

function widest(parts: Part[]): number {
  return Math.max(...parts.map(({ outer }) => outer.stop - outer.start));
}

/** Pixels of all tiles with their halos. */
function area(rows: Part[], columns: Part[]): number {
  const [height, width] = [rows, columns].map((parts) =>
    parts.reduce((sum, { outer }) => sum + outer.stop - outer.start, 0),
  );
  return height! * width!;
}
