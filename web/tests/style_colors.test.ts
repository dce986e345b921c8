import { expect, test } from "vitest";
import { levelAt, lumaAt, styleColors, type StyleColors } from "../engine/style_colors.ts";

const [INK, PAPER] = [[210, 60, 130], [240, 214, 226]] as const; // both pink

/** Half ink, half paper: the root of their covariance is half the way between them. */
function pinkPrint(): StyleColors {
  const way = PAPER.map((level, i) => level - INK[i]!);
  const root = way.map((one) => way.map((other) => (0.5 * one * other) / Math.hypot(...way)));
  const [low, high] = [lumaAt(INK, 0), lumaAt(PAPER, 0)];
  const mean = INK.map((level, i) => (level + PAPER[i]!) / 2);
  const upper = [root[0]!, root[1]!.slice(1), root[2]!.slice(2)].flat();
  return styleColors([...mean, ...upper, low, low, low, low, (low + high) / 2, high, high, high, high]);
}

test("numbers that are a little off become colours that there are", () => {
  const { mean, covariance, byLuma, tones } = styleColors([-3, 270, 100, 1, 0, 0, 2, 0, 3, -5, 20, 10, 30, 40, 50, 60, 300, 70]);
  expect(mean).toEqual([0, 255, 100]);
  expect(tones).toEqual([0, 20, 20, 30, 40, 50, 60, 255, 255]);
  expect(covariance).toEqual([[5, 4, 4], [4, 8, 4], [4, 4, 13]]);
  expect(0.299 * byLuma[0]! + 0.587 * byLuma[1]! + 0.114 * byLuma[2]!).toBeCloseTo(1, 9);
});

test("the ends of a print are ink and paper, and between them colours lie on a line", () => {
  const { darkShare, ends } = pinkPrint();
  expect(Math.abs(darkShare - 0.5)).toBeLessThan(0.01);
  [INK, PAPER].forEach((end, index) => expect(Math.abs(ends[index]! - lumaAt(end, 0))).toBeLessThan(1));
  const middle = (lumaAt(INK, 0) + lumaAt(PAPER, 0)) / 2;
  [0, 1, 2].forEach((i) => expect(levelAt(pinkPrint(), middle, i)).toBeCloseTo((INK[i]! + PAPER[i]!) / 2, 9));
});

test.each([["lighter than paper", PAPER, 30], ["darker than ink", INK, -30]] as const)("what is %s keeps its hue", (_, end, further) => {
  const found = [0, 1, 2].map((i) => levelAt(pinkPrint(), lumaAt(end, 0) + further, i));
  found.forEach((level, i) => expect(Math.abs(level - end[i]! - further)).toBeLessThan(1));
});
