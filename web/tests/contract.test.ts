import { expect, test } from "vitest";
import { colorsOf, readContract } from "../engine/contract.ts";
import { readJson } from "./goldens.ts";

const { contract: record } = readJson<{ contract: Record<string, unknown> }>("plan.json");
/** Return so many times the number 1 in 16 bits. */
const ones = (count: number): string => btoa("\0\x3c".repeat(count));

test("models that are older than calming and recoloring do without", () => {
  const older = Object.fromEntries(Object.entries(record).filter(([name]) => !/^(calming_|flat_|recoloring_|color_)/.test(name)));
  const contract = readContract(older);
  expect(contract).toMatchObject({ calming_share: 0, calming_least: 0, calming_flat: 0, recoloring_share: 0 });
  expect(colorsOf(contract, new Float32Array(1))).toBeNull();
});

test("the colours of a style are read from its vector", () => {
  const contract = readContract({ ...record, vector_length: 2, color_weights: ones(36) });
  const colors = colorsOf(contract, Float32Array.of(9, 100))!; // the second number does not count
  expect(colors.mean).toEqual([10, 10, 10]);
  expect(colors.tones).toEqual(new Array(9).fill(10));
});

test.each([[17], [54]])("%d weights of colours cannot be read for vectors of one number", (count) => {
  expect(() => readContract({ ...record, vector_length: 1, color_weights: ones(count) })).toThrow("color_weights");
});
