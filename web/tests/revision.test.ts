import { expect, test } from "vitest";
import { keepCoarse, keepsAny, layOver } from "../engine/revision.ts";
import { expectPicture, readInput, readJson, type PictureCase } from "./goldens.ts";

const { cases } = readJson<{ cases: (PictureCase & { name: string })[] }>("revision.json");
const [under, content, painted] = ["under", "content", "painted"].map(readInput) as [ReturnType<typeof readInput>, ReturnType<typeof readInput>, ReturnType<typeof readInput>];
const seen = layOver(under, content, 1);

test.each(cases)("$name", (picture) => {
  const [, step, value] = /(laid-over|kept)-(.*)/.exec(picture.name)!;
  const share = Number(value);
  expectPicture(step === "kept" ? keepCoarse(painted, seen, under, share) : layOver(under, content, share), picture);
});

test("without detail the painting below is laid over as it is", () => {
  expect(layOver(under, content, 0)).toBe(under);
});

test("shares are 64ths: less than half of one keeps nothing of what was painted", () => {
  expect([0, 0.5 / 64, 0.51 / 64, 1].map(keepsAny)).toEqual([false, false, true, true]);
  expect(keepCoarse(painted, seen, under, 0.5 / 64)).toEqual(seen);
});
