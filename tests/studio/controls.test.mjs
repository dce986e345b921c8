import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const storage = (kept) => {
  const items = new Map(kept === undefined ? [] : [["studio-presets", kept]]);
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value) };
};
const studio = (localStorage = storage()) => load(["base", "controls"], { localStorage });

test("a weight of 1 stands in the middle of its slider, and ratios are equally far from it", () => {
  const { low, high, to, from } = studio().scale({ low: 0.25, high: 4 });
  assert.equal(to(1), (to(low) + to(high)) / 2);
  assert.equal(to(2) - to(1), to(1) - to(0.5));
  for (const value of [0.25, 0.5, 1, 2, 4]) assert.equal(from(to(value)), value);
});

test("no place of a slider is beyond the limits, nor has more digits than one can read", () => {
  const { low, high, step, to, from } = studio().scale({ low: 0.5, high: 4 });
  for (let at = to(low); at <= to(high) + step; at += step) {
    assert.ok(from(at) >= low && from(at) <= high);
    assert.ok(String(from(at)).length <= 4, String(from(at)));
  }
});

test("a control that may be 0 has a plain slider", () => {
  const { to, from, step } = studio().scale({ low: 0, high: 1 });
  assert.equal(to(0.35), 0.35);
  assert.equal(from(0.1 + 0.2), 0.3);
  assert.equal(step, 0.05);
});

test("own presets are kept on the device; the newest replaces one of its name", () => {
  const device = storage();
  const own = studio(device).ownPresets(3);
  for (const name of ["a", "b", "c", "a", "d"]) own.keep(name, { strength: 0.5 });
  own.keep("", { strength: 1 });
  own.remove("c");
  const again = studio(device).ownPresets(3).all();
  assert.equal(again.map(({ name }) => name).join(), "a,d");
});

test("something else in the place of the presets is left out", () => {
  for (const kept of ["?", "7", "[1]", '[{"name": "x", "preset": {"strength": "1"}}]']) {
    assert.equal(studio(storage(kept)).ownPresets().all().length, 0);
  }
  const broken = { getItem: () => { throw new Error("denied"); }, setItem: () => { throw new Error("denied"); } };
  const own = studio(broken).ownPresets();
  own.keep("a", { strength: 1 });
  assert.equal(own.all().length, 1);
});
