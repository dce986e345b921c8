import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { addGround, relief } from "../engine/ground.ts";
import { roundHalfEven } from "../engine/rounding.ts";
import { expectPicture, readInput, readJson, type PictureCase } from "./goldens.ts";

const { relief: reliefs, pictures } = readJson<{
  relief: { seed: number; values: [number, number, number][]; sha256_of_8_times_as_int8: string }[];
  pictures: (PictureCase & { input: string; amount: number; seed: number })[];
}>("ground.json");

describe.each(reliefs)("the relief of seed $seed", ({ seed, values, sha256_of_8_times_as_int8 }) => {
  test("has the heights of the contract", () => {
    for (const [x, y, height] of values) expect(relief(seed)[y * 512 + x]).toBeCloseTo(height, 4);
  });

  test("is that of the contract everywhere", () => {
    const levels = Int8Array.from(relief(seed), (height) => roundHalfEven(8 * height));
    expect(createHash("sha256").update(levels).digest("hex")).toBe(sha256_of_8_times_as_int8);
  });
});

test.each(pictures)("$file", (picture) => {
  expectPicture(addGround(readInput(picture.input), picture.amount, picture.seed), picture);
});

test("no ground leaves the picture as it is", () => {
  const paper = readInput("paper");
  expect(addGround(paper, 0, 1)).toBe(paper);
});
