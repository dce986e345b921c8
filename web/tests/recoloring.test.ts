import { expect, test } from "vitest";
import { recolor, styleColors } from "../engine/recoloring.ts";
import { expectPicture, readInput, readJson, type PictureCase } from "./goldens.ts";

const { cases } = readJson<{
  cases: (PictureCase & { name: string; content: string; numbers: number[]; share: number; amount: number })[];
}>("recoloring.json");

test.each(cases)("$name", (picture) => {
  const painted = readInput("painted");
  recolor(painted, readInput(picture.content), styleColors(picture.numbers), picture.share, picture.amount);
  expectPicture(painted, picture);
});
