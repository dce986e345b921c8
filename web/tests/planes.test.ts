import { expect, test } from "vitest";
import { around, enlargeCells } from "../engine/planes.ts";

test("means around cells, borders repeated", () => {
  expect([...around(Float64Array.of(0, 0, 9), [3, 1], 1)]).toEqual([0, 3, 6]);
  expect([...around(Float64Array.of(0, 0, 9), [1, 3], 1)]).toEqual([0, 3, 6]);
  expect([...around(Float64Array.of(5), [1, 1], 3)]).toEqual([5]);
});

test("cells are enlarged linearly between their centres, and cut", () => {
  expect([...enlargeCells(Float64Array.of(0, 4), [2, 1], 2, [4, 1])]).toEqual([0, 1, 3, 4]);
  expect([...enlargeCells(Float64Array.of(0, 4), [1, 2], 2, [1, 3])]).toEqual([0, 1, 3]);
});
