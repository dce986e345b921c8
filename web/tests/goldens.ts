/** Reads contract/: what every engine has to reproduce. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PNG } from "pngjs";
import { expect } from "vitest";
import type { Pixels } from "../engine/pixels.ts";

export const CONTRACT = join(import.meta.dirname, "../../contract");

export function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(join(CONTRACT, name), "utf8")) as T;
}

export function readPng(file: string): Pixels {
  const { width, height, data } = PNG.sync.read(readFileSync(join(CONTRACT, file)));
  return { width, height, data: new Uint8ClampedArray(data) };
}

export function readInput(name: string): Pixels {
  return readPng(`inputs/${name}.png`);
}

export interface PictureCase {
  readonly file: string;
  readonly levels: number;
  readonly mean_levels: number;
}

/** Fail unless a picture is the golden one within the tolerance that stands beside it. */
export function expectPicture(found: Pixels, { file, levels, mean_levels }: PictureCase): void {
  const golden = readPng(file);
  expect([found.width, found.height]).toEqual([golden.width, golden.height]);
  let largest = 0;
  let sum = 0;
  for (let at = 0; at < golden.data.length; at++) {
    const off = Math.abs(found.data[at]! - golden.data[at]!);
    largest = Math.max(largest, off);
    sum += off;
  }
  const mean = (sum * 4) / (3 * golden.data.length);
  expect({ largest, mean }, `${file}: ${largest} levels, ${mean} in the mean`).toSatisfy(
    () => largest <= levels && mean <= mean_levels,
  );
}

export function expectClose(found: ArrayLike<number>, golden: readonly number[], tolerance: number): void {
  expect(found.length).toBe(golden.length);
  const off = golden.findIndex((value, at) => Math.abs(found[at]! - value) > tolerance * Math.max(1, Math.abs(value)));
  expect(off, off < 0 ? "" : `${off}: ${found[off]} instead of ${golden[off]}`).toBe(-1);
}

/** Return the peak signal-to-noise ratio of two pictures of the same size, over their colours. */
export function decibels(a: Pixels, b: Pixels): number {
  let sum = 0;
  for (let at = 0; at < a.data.length; at++) if (at % 4 < 3) sum += (a.data[at]! - b.data[at]!) ** 2;
  return 10 * Math.log10(255 ** 2 / ((4 * sum) / (3 * a.data.length)));
}
