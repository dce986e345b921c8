import { expect, test } from "vitest";
import { CONTRAST_NUMBERS, raiseContrast } from "../engine/contrast.ts";
import { crop, type Pixels } from "../engine/pixels.ts";
import { expectPicture, readInput, readJson, type PictureCase } from "./goldens.ts";

type Case = PictureCase & { name: string; numbers: number[]; amount: number; painting: string; content: string; size: [number, number] };
const { cases } = readJson<{ cases: Case[] }>("contrast.json");

test.each(cases)("$name", (picture) => {
  const [painted, content] = [picture.painting, picture.content].map((name) => crop(readInput(name), [0, 0, ...picture.size]));
  raiseContrast(painted!, content!, picture.numbers, picture.amount);
  expectPicture(painted!, picture);
});

test("no amount, and a style with less contrast, leave the painting as it is", () => {
  const painted = readInput("painted");
  raiseContrast(painted, readInput("content"), new Float32Array(CONTRAST_NUMBERS).fill(99), 0);
  raiseContrast(painted, readInput("content"), new Float32Array(CONTRAST_NUMBERS), 1);
  expect(painted).toEqual(readInput("painted"));
});

test.each([[1, 1], [17, 16]])("%d x %d px of one colour stay as they are", (width, height) => {
  const make = (): Pixels => ({ width, height, data: new Uint8ClampedArray(4 * width * height).fill(90) });
  const painted = make();
  raiseContrast(painted, make(), new Float32Array(CONTRAST_NUMBERS).fill(99), 1);
  expect(painted).toEqual(make());
});
