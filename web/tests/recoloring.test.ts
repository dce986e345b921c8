import { expect, test } from "vitest";
import type { Pixels } from "../engine/pixels.ts";
import { recolor, styleColors } from "../engine/recoloring.ts";
import { expectPicture, readInput, readJson, type PictureCase } from "./goldens.ts";

const { cases } = readJson<{
  cases: (PictureCase & { name: string; content: string; numbers: number[]; share: number; amount: number })[];
}>("recoloring.json");
const colors = styleColors(cases[0]!.numbers);

test.each(cases)("$name", (picture) => {
  const painted = readInput("painted");
  recolor(painted, readInput(picture.content), styleColors(picture.numbers), picture.share, picture.amount);
  expectPicture(painted, picture);
});

test.each([[0, 1], [1, 0]])("a share of %d and an amount of %d leave the painting as it is", (share, amount) => {
  const painted = readInput("painted");
  recolor(painted, readInput("content"), colors, share, amount);
  expect(painted).toEqual(readInput("painted"));
});

test("numbers that are a little off become colours that there are", () => {
  const { mean, covariance, byLuma, tones } = styleColors([-3, 270, 100, 1, 0, 0, 2, 0, 3, -5, 20, 10, 30, 40, 50, 60, 300, 70]);
  expect(mean).toEqual([0, 255, 100]);
  expect(tones).toEqual([0, 20, 20, 30, 40, 50, 60, 255, 255]);
  expect(covariance).toEqual([[5, 4, 4], [4, 8, 4], [4, 4, 13]]);
  expect(0.299 * byLuma[0]! + 0.587 * byLuma[1]! + 0.114 * byLuma[2]!).toBeCloseTo(1, 9);
});

test.each([[1, 1], [3, 9], [17, 31]])("recolors %d x %d px and keeps their transparency", (width, height) => {
  const make = (factor: number): Pixels => ({ width, height, data: new Uint8ClampedArray(4 * width * height).map((_, at) => (at * factor) % 256) });
  const [painted, before] = [make(11), make(11)];
  recolor(painted, make(7), colors, 1, 1);
  const alpha = ({ data }: Pixels): number[] => [...data].filter((_, at) => at % 4 === 3);
  expect(alpha(painted)).toEqual(alpha(before));
  expect(painted.data).not.toEqual(before.data);
});
