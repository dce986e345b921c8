import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeControls, type Controls } from "../engine/controls.ts";
import type { Pixels, Size } from "../engine/pixels.ts";
import { blend, type StyleVector } from "../engine/styles.ts";
import { CONTRACT, decibels, expectClose, expectPicture, readInput, readJson, readPng, type PictureCase } from "./goldens.ts";
import { openEngine } from "./node_engine.ts";

const FOLDER = join(CONTRACT, "tiny_model");
const engines = { fp32: openEngine(FOLDER, "fp32"), int8: openEngine(FOLDER, "int8") };
const engine = engines.fp32;
const ONE = "ADw="; // in 16 bits, in base64
const encode = (name: string, strokeSize = 1): Promise<StyleVector> => engine.encodeStyle(readInput(name), strokeSize);

describe("styles", () => {
  const { tolerance, bundled, vectors, blends } = readJson<{
    tolerance: number;
    bundled: { input: string; every: number; numbers: number[]; tolerance: number };
    vectors: { input: string; stroke_size: number; vector: number[] }[];
    blends: { inputs: string[]; weights: number[]; vector: number[] }[];
  }>("styles.json");

  test.each(vectors)("the vector of $input at $stroke_size is that of the contract", async ({ input, stroke_size, vector }) => {
    expectClose((await encode(input, stroke_size)).values, vector, tolerance);
  });

  test.each(blends)("the blend by $weights is that of the contract", async ({ inputs, weights, vector }) => {
    expectClose(blend(await Promise.all(inputs.map((name) => encode(name))), weights).values, vector, tolerance);
  });

  test("the bundled encoder, in 8 bits, measures as natively", async () => {
    const vector = await openEngine(join(CONTRACT, "../stylize/models"), "int8").encodeStyle(readInput(bundled.input), 1);
    expectClose(vector.values.filter((_, at) => at % bundled.every === 0), bundled.numbers, bundled.tolerance);
  });
});

describe("affines", () => {
  const { tolerance, cases } = readJson<{
    tolerance: number;
    cases: {
      input: string; styles: string[]; controls: Partial<Controls>; size: Size | null; revision: boolean;
      affine_quarter: number[][]; affine_eighth: number[][]; peaks: number[][];
    }[];
  }>("affines.json");

  test.each(cases)("of $input in $styles with $controls at $size are those of the contract", async (given) => {
    const picture = readInput(given.input);
    const size = given.size ?? ([picture.width, picture.height] as const);
    for (const [index, name] of given.styles.entries()) {
      const found = await engine.measure(picture, await encode(name), makeControls(given.controls), size, given.revision);
      expectClose(found.quarter, given.affine_quarter[index]!, tolerance);
      expectClose(found.eighth, given.affine_eighth[index]!, tolerance);
      expectClose(found.peaks, given.peaks[index]!, tolerance);
    }
  });
});

describe("pictures", () => {
  const { cases } = readJson<{
    cases: (PictureCase & {
      content: string; weights: Record<string, number>; controls: Partial<Controls>; precision: "fp32" | "int8"; max_side_px?: number; fast?: boolean;
      contract?: Record<string, unknown>;
    })[];
  }>("pictures.json");

  test.each(cases)("$file", async (given) => {
    const style = blend(await Promise.all(Object.keys(given.weights).map((name) => encode(name))), Object.values(given.weights));
    const { max_side_px: maxSidePx, fast = false } = given;
    const asked = given.contract === undefined ? engines[given.precision] : openEngine(FOLDER, given.precision, given.contract);
    const painted = await asked.stylize(readInput(given.content), style, given.controls, {
      fast,
      ...(maxSidePx === undefined ? {} : { maxSidePx }),
    });
    if (given.precision === "fp32") expectPicture(painted, given);
    // WebAssembly rounds to 8 bits at other places than the processors that the goldens were made on.
    else expect(decibels(painted, readPng(given.file))).toBeGreaterThan(30);
  });
});

describe("the engine", () => {
  const content = readInput("content");

  test("paints in tiles what it paints as a whole", async () => {
    const style = await encode("style");
    const [whole, tiled] = await Promise.all([engine.stylize(content, style), engine.stylize(content, style, {}, { tilePixels: 20_000 })]);
    expect(tiled.data).toEqual(whole.data);
  });

  test("of a style of a few inks revises without the network, in tiles as well", async () => {
    const inks = openEngine(FOLDER, "fp32", { posterizing_share: 0.65, ink_weights: ONE });
    const style = await encode("style");
    let drafts = 0;
    inks.measure = (...given) => (drafts++, engine.measure(...given));
    const [whole, tiled] = await Promise.all([inks.stylize(content, style), inks.stylize(content, style, {}, { tilePixels: 20_000 })]);
    expect(drafts).toBe(2);
    expect(tiled.data).toEqual(whole.data);
    expect(decibels(whole, await engine.stylize(content, style))).toBeLessThan(30);
  });

  test("nearly full inks need no brush either, and where there is one tiles fit, too", async () => {
    const style = await encode("style");
    const drafts: boolean[] = [];
    const inks = openEngine(FOLDER, "fp32", { posterizing_share: 0.65, ink_weights: ONE });
    inks.measure = (...given) => (drafts.push(given[4]), engine.measure(...given));
    await inks.stylize(content, style, { strength: 0.995 });
    expect(drafts).toEqual([false]);
    const half = { strength: 0.5 };
    const [whole, tiled] = await Promise.all([inks.stylize(content, style, half), inks.stylize(content, style, half, { tilePixels: 20_000 })]);
    expect(drafts).toContain(true);
    expect(tiled.data).toEqual(whole.data);
  });

  test.each([[16, 16], [17, 31], [16, 200]])("paints %d x %d px", async (width, height) => {
    const data = new Uint8ClampedArray(4 * width * height).map((_, at) => (at % 4 === 3 ? 255 : (at * 7) % 256));
    const painted = await engine.stylize({ width, height, data }, await encode("style"));
    expect([painted.width, painted.height]).toEqual([width, height]);
  });

  test("at strength 0 returns a copy of the content", async () => {
    const painted = await engine.stylize(content, await encode("style"), { strength: 0 });
    expect(painted.data).toEqual(content.data);
    expect(painted.data).not.toBe(content.data);
  });

  test("keeps the transparency", async () => {
    const clear = readInput("transparent");
    const alpha = ({ data }: Pixels): number[] => [...data].filter((_, at) => at % 4 === 3);
    expect(alpha(await engine.stylize(clear, await encode("style")))).toEqual(alpha(clear));
  });

  test("tells how far it is, draft and all, and ends at 1", async () => {
    const shares: number[] = [];
    const levels: Pixels[] = [];
    const watch = { onProgress: (share: number) => shares.push(share), onLevel: (level: Pixels) => levels.push(level) };
    await engine.stylize(content, await encode("style"), { stroke_size: 2 }, watch);
    expect(shares).toEqual([...shares].sort());
    expect(shares.at(-1)).toBe(1);
    expect(levels.length).toBe(2);
  });

  test("ends when it is asked to", async () => {
    const control = new AbortController();
    const work = engine.stylize(content, await encode("style"), {}, { signal: control.signal, onProgress: () => control.abort() });
    await expect(work).rejects.toThrow(/abort/i);
  });

  test.each([
    [{ width: 8, height: 100, data: new Uint8ClampedArray(3200) }, /at least 16 px/],
    [{ width: 16, height: 4112, data: new Uint8ClampedArray(4 * 16 * 4112) }, /256 times/],
  ])("refuses pictures that cannot be painted", async (picture, message) => {
    await expect(engine.stylize(picture, await encode("style"))).rejects.toThrow(message);
  });

  test("refuses a style of another encoder, and controls out of their range", async () => {
    const style = await encode("style");
    await expect(engine.stylize(content, { ...style, encoderSha256: "other" })).rejects.toThrow(/another style encoder/);
    await expect(engine.stylize(content, style, { strength: 1.5 })).rejects.toThrow(/from 0 to 1/);
    await expect(engine.stylize(content, style, { strength: NaN })).rejects.toThrow(/from 0 to 1/);
  });
});
