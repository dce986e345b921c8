import { expect, test } from "vitest";
import { keepCoarse, layOver } from "../engine/revision.ts";
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
