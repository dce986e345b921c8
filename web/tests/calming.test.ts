import { expect, test } from "vitest";
import { calmAreas, calmDown } from "../engine/calming.ts";
import { expectPicture, readInput, readJson, type PictureCase } from "./goldens.ts";

const { cases } = readJson<{ cases: (PictureCase & { name: string })[] }>("calming.json");

test.each(cases)("$name", (picture) => {
  const [content, amount] = picture.name.split("-") as [string, string];
  const painted = readInput("painted");
  calmDown(painted, readInput(content), Number(amount));
  expectPicture(painted, picture);
});

test("no amount leaves the painting as it is", () => {
  const painted = readInput("painted");
  calmDown(painted, readInput("paper"), 0);
  expect(painted).toEqual(readInput("painted"));
});

test("a flat picture is calm, noise is not", () => {
  const flat = { width: 20, height: 12, data: new Uint8ClampedArray(960).fill(90) };
  expect(Math.min(...calmAreas(flat))).toBe(1);
  const noise = { ...flat, data: flat.data.map((_, at) => (((at >> 2) * 97) % 2) * 255) };
  expect(Math.max(...calmAreas(noise))).toBe(0);
});
