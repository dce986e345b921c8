import { expect, test } from "vitest";
import type { Pixels } from "../engine/pixels.ts";
import { recolor } from "../engine/recoloring.ts";
import { styleColors } from "../engine/style_colors.ts";
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

test.each([[1, 1], [3, 9], [17, 31]])("recolors %d x %d px and keeps their transparency", (width, height) => {
  const make = (factor: number): Pixels => ({ width, height, data: new Uint8ClampedArray(4 * width * height).map((_, at) => (at * factor) % 256) });
  const [painted, before] = [make(11), make(11)];
  recolor(painted, make(7), colors, 1, 1);
  const alpha = ({ data }: Pixels): number[] => [...data].filter((_, at) => at % 4 === 3);
  expect(alpha(painted)).toEqual(alpha(before));
  expect(painted.data).not.toEqual(before.data);
});
