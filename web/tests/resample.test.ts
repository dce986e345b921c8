import { expect, test } from "vitest";
import { type Box, type Pixels } from "../engine/pixels.ts";
import { BICUBIC, LANCZOS, fitWithin, reduce, resize, resizeTransparent } from "../engine/resample.ts";
import { enlarge } from "../engine/revision.ts";
import { expectPicture, readInput, readJson, type PictureCase } from "./goldens.ts";

const { cases } = readJson<{ cases: (PictureCase & { name: string })[] }>("resampling.json");
const content = readInput("content");
const enlarged = (width: number, height: number): Pixels => enlarge(content, [width, height]).crop([0, 0, width, height]);
const made: Record<string, () => Pixels> = {
  "reduce-2": () => reduce(content, 2),
  "draft-64x48": () => resize(content, [64, 48], BICUBIC, 3),
  "draft-24x16": () => resize(content, [24, 16], BICUBIC, 3),
  "thumbnail-32x24": () => resize(content, [32, 24], BICUBIC, 1),
  "enlarged-200x152": () => enlarged(200, 152),
  "enlarged-199x151": () => enlarged(199, 151),
  "enlarged-160x120": () => enlarged(160, 120),
  "full-90x70": () => resize(content, [90, 70], LANCZOS),
};

test.each(cases)("$name", (picture) => expectPicture(made[picture.name]!(), picture));

test("a part of an enlarged picture is that part of the whole", () => {
  const source = enlarge(content, [200, 152]);
  const box: Box = [51, 20, 97, 83];
  const [whole, part] = [source.crop([0, 0, 200, 152]), source.crop(box)];
  for (let y = 0; y < part.height; y++) {
    const start = 4 * ((y + box[1]) * 200 + box[0]);
    expect(part.data.subarray(4 * y * part.width, 4 * (y + 1) * part.width)).toEqual(whole.data.subarray(start, start + 4 * part.width));
  }
});

test("colours that nobody sees do not bleed into the rest", () => {
  const data = new Uint8ClampedArray([255, 0, 0, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0, 255, 255]);
  const small = resizeTransparent({ width: 2, height: 2, data }, [1, 1], BICUBIC);
  expect([...small.data]).toEqual([0, 0, 255, 128]);
});

test("sizes are scaled down, never up", () => {
  expect(fitWithin([100, 50], 200, Math.round)).toEqual([100, 50]);
  expect(fitWithin([1000, 3], 100, Math.round)).toEqual([100, 1]);
});
