import { expect, test } from "vitest";
import { gridColors, lookUp } from "../engine/color_table.ts";
import { readInput } from "./goldens.ts";

test("a table of the colours that it is made for changes nothing", () => {
  const picture = readInput("transparent");
  lookUp(picture, Float32Array.from(gridColors(17)), 17);
  expect(picture).toEqual(readInput("transparent"));
});

test("between the points of a table, colours are mixed, red along the first of them", () => {
  const table = new Float32Array(24);
  table.set([200, 20, 300], 3); // of pure red
  const data = new Uint8ClampedArray([0, 0, 0, 9, 51, 0, 0, 9, 255, 0, 0, 9, 255, 51, 0, 9]);
  lookUp({ width: 4, height: 1, data }, table, 2);
  expect([...data]).toEqual([0, 0, 0, 9, 40, 4, 60, 9, 200, 20, 255, 9, 160, 16, 240, 9]);
});
