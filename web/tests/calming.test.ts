import { expect, test } from "vitest";
import { calmAreas, calmDown } from "../engine/calming.ts";
import type { Pixels } from "../engine/pixels.ts";
import { expectPicture, readInput, readJson, type PictureCase } from "./goldens.ts";

const { cases } = readJson<{ cases: (PictureCase & { name: string })[] }>("calming.json");

test.each(cases)("$name", (picture) => {
  const [content, amount, atMost, everywhere = "0"] = picture.name.split("-") as [string, string, string, string?];
  const painted = readInput("painted");
  calmDown(painted, readInput(content), Number(amount), Number(atMost), Number(everywhere));
  expectPicture(painted, picture);
});

test("no amount leaves the painting as it is", () => {
  const painted = readInput("painted");
  calmDown(painted, readInput("paper"), 0);
  expect(painted).toEqual(readInput("painted"));
});

test("a flat picture is calm, noise is not", () => {
  const flat = { width: 20, height: 12, data: new Uint8ClampedArray(960).fill(90) };
  const levels = (picture: Pixels, most: number) => new Set(calmAreas(picture, most).data.filter((_, at) => at % 4 === 0));
  expect(levels(flat, 0.8)).toEqual(new Set([204]));
  const noise = { ...flat, data: flat.data.map((_, at) => (((at >> 2) * 97) % 2) * 255) };
  expect(levels(noise, 1)).toEqual(new Set([0]));
});
