import { expect, test } from "vitest";
import { crop, type Pixels } from "../engine/pixels.ts";
import { crisp, inksOf, partingOf, posterize } from "../engine/posterizing.ts";
import { styleColors } from "../engine/style_colors.ts";
import { expectPicture, readInput, readJson, type PictureCase } from "./goldens.ts";

type Case = PictureCase & { name: string; numbers: number[]; amount: number };
const { cases, crisp: edges } = readJson<{ cases: (Case & { painting: string; content: string; size: [number, number] })[]; crisp: Case[] }>("posterizing.json");
const colors = styleColors(cases[0]!.numbers);
const values = (picture: Pixels, channel: number): number[] => [...picture.data].filter((_, at) => at % 4 === channel);

test.each(cases)("$name", (picture) => {
  const [painted, content] = [picture.painting, picture.content].map((name) => crop(readInput(name), [0, 0, ...picture.size]));
  posterize(painted!, content!, styleColors(picture.numbers), picture.amount);
  expectPicture(painted!, picture);
});

test.each(edges)("$name", (picture) => {
  const enlarged = readInput("under");
  crisp(styleColors(picture.numbers), picture.amount)(enlarged);
  expectPicture(enlarged, picture);
});

test("no amount leaves the painting as it is", () => {
  const painted = readInput("painted");
  posterize(painted, readInput("content"), colors, 0);
  expect(painted).toEqual(readInput("painted"));
});

test.each([[1, 1], [17, 16]])("%d x %d px of one colour stay as they are", (width, height) => {
  const even = (): Pixels => ({ width, height, data: new Uint8ClampedArray(4 * width * height).fill(128) });
  const painted = even();
  posterize(painted, even(), colors, 1);
  expect(painted).toEqual(even());
});

test("of little contrast little is made, and a light page with a spot is not torn into two", () => {
  const page = new Float32Array(1000).fill(235);
  page.fill(0, 0, 20);
  page.fill(232, 20, 30);
  const { threshold, busy, contrast } = partingOf(page, 0.4);
  expect(threshold).toBeLessThan(232);
  expect(busy).toBeCloseTo(33 / 2, 0);
  expect(contrast).toBe(1);
  const grain = partingOf(Float32Array.from({ length: 1000 }, (_, at) => at % 10), 0.3);
  expect(Math.abs(grain.threshold - 2.5)).toBeLessThan(2); // neither all ink nor all paper
  expect(grain.busy).toBe(16);
  expect(grain.contrast).toBeCloseTo(Math.sqrt(8.25) / 25, 9);
});

test("the two inks have the mean and the spread of the style", () => {
  const { dark, light, share } = inksOf(styleColors([100, 100, 100, 10, 10, 10, 10, 10, 10, 70, 70, 70, 70, 70, 180, 180, 180, 180]));
  expect(share).toBeCloseTo(0.6, 1);
  dark.forEach((level, i) => expect(share * level + (1 - share) * light[i]!).toBeCloseTo(100, 9));
  // The root of a variance of 300 in every channel is 10 everywhere.
  dark.forEach((level, i) => expect(Math.sqrt(share * (1 - share)) * (light[i]! - level)).toBeCloseTo(Math.sqrt(300), 9));
});

test.each([[2, 1], [3, 9], [17, 31]])("parts %d x %d px and keeps their transparency", (width, height) => {
  const make = (factor: number): Pixels => ({ width, height, data: new Uint8ClampedArray(4 * width * height).map((_, at) => (at * factor) % 256) });
  const [painted, before] = [make(11), make(11)];
  posterize(painted, make(7), colors, 1);
  expect(values(painted, 3)).toEqual(values(before, 3));
  expect(values(painted, 0)).not.toEqual(values(before, 0));
});
