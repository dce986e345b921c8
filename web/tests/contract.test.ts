import { expect, test } from "vitest";
import { colorsOf, contrastOf, inkShare, readContract } from "../engine/contract.ts";
import { readJson } from "./goldens.ts";

const { contract: record } = readJson<{ contract: Record<string, unknown> }>("plan.json");
/** Return so many times the number 1 in 16 bits. */
const ones = (count: number): string => btoa("\0\x3c".repeat(count));

test("models that are older than calming, recoloring, posterizing and contrast do without", () => {
  const older = Object.fromEntries(Object.entries(record).filter(([name]) => !/^(calming_|flat_|recoloring_|color_|posterizing_|ink_|contrast_)/.test(name)));
  const contract = readContract(older);
  expect(contract).toMatchObject({ calming_share: 0, calming_least: 0, calming_flat: 0, recoloring_share: 0, posterizing_share: 0, ink_style: 0.28, contrast_share: 0 });
  expect(colorsOf(contract, new Float32Array(1))).toBeNull();
  expect(inkShare(contract, new Float32Array(1))).toBe(0);
  expect(contrastOf(contract, new Float32Array(1))).toBeNull();
});

test("the colours of a style are read from its vector", () => {
  const contract = readContract({ ...record, vector_length: 2, color_weights: ones(36) });
  const colors = colorsOf(contract, Float32Array.of(9, 100))!; // the second number does not count
  expect(colors.mean).toEqual([10, 10, 10]);
  expect(colors.tones).toEqual(new Array(9).fill(10));
});

test("the contrast of a style stands in its vector", () => {
  const contract = readContract({ ...record, vector_length: 13, contrast_at: 2 });
  expect(contrastOf(contract, Float32Array.from({ length: 13 }, (_, index) => index))).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(() => readContract({ ...record, vector_length: 11, contrast_at: 2 })).toThrow("contrast_at of the contract is not within its vectors");
});

test("the inks of a style are read from the logarithms of its vector", () => {
  const contract = readContract({ ...record, vector_length: 2, ink_weights: ones(2) });
  const seen = (value: number): number => inkShare(contract, Float32Array.of(value, 100)); // the second number does not count
  expect(seen(0.58)).toBeCloseTo((1 + Math.log(0.6)) ** 2, 6);
  expect([seen(0), seen(-1), seen(9)]).toEqual([0, 0, 1]);
});

test.each([
  ["color_weights", ones(17)], ["color_weights", ones(54)], ["calm_weights", ones(2)], ["ink_weights", ones(3)],
  ["ink_weights", "???"], ["ink_weights", "AAAA"], ["ink_weights", btoa("\0\x7c")],
])("%s cannot be %s for vectors of one number", (name, weights) => {
  expect(() => readContract({ ...record, vector_length: 1, [name]: weights })).toThrow(`${name} of the contract cannot be read`);
});

test.each([
  ["calm_style", 0, /must be above 0/], ["flat_style", 0, /must be above 0/], ["ink_style", 0, /must be above 0/], ["calm_bias", "?", /cannot be read/],
])("%s cannot be %s", (name, value, message) => {
  expect(() => readContract({ ...record, [name]: value })).toThrow(message);
});
