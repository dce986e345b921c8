import { Buffer } from "node:buffer";
import { PNG } from "pngjs";
import { expect, test } from "vitest";
import { makeControls } from "../engine/controls.ts";
import { encodePng, readPngText } from "../engine/png.ts";
import { findRecipe, PNG_KEY, Recipe } from "../engine/recipe.ts";
import { makeStyle } from "../engine/styles.ts";

const ENCODER = "ab".repeat(32);
const vector = makeStyle(Float32Array.from({ length: 100 }, (_, at) => Math.sin(at) / 3), ENCODER);
const recipe: Recipe = {
  styles: [Recipe.style(vector, "große-welle", 0.25), Recipe.style(vector, null, 0.75)],
  controls: makeControls({ strength: 0.5 }),
  maxSidePx: 640,
  fast: false,
  precision: "fp32",
  modelSha256: "cd".repeat(32),
  encoderSha256: ENCODER,
  version: "1.0.0",
};
const picture = { width: 3, height: 2, data: Uint8ClampedArray.from({ length: 24 }, (_, at) => at * 10) };

test("a recipe survives being kept in a picture", async () => {
  const file = await encodePng(picture, { [PNG_KEY]: await Recipe.toJson(recipe) });
  expect(await findRecipe(file)).toEqual(recipe);
});

test("a picture without a recipe has none", async () => {
  expect(await findRecipe(await encodePng(picture))).toBeNull();
  expect(await readPngText(new Uint8Array([1, 2, 3]), PNG_KEY)).toBeNull();
});

test("a recipe in an XMP packet is found", async () => {
  const text = (await Recipe.toJson(recipe)).replaceAll('"', "&quot;");
  const file = new Blob([`\xff\xd8<stylize:recipe>${text}</stylize:recipe>`], { type: "image/jpeg" });
  expect(await findRecipe(file)).toEqual(recipe);
});

test.each([
  ["no JSON", () => "{"],
  ["no styles", (text: string) => text.replace(/"styles":\[.*?\}\],/s, '"styles":[],')],
  ["a changed vector", (text: string) => text.replace(/"sha256":"[0-9a-f]{64}"/, `"sha256":"${"0".repeat(64)}"`)],
  ["an unknown control", (text: string) => text.replace('"strength"', '"sparkle"')],
  ["a newer format", (text: string) => text.replace('"format":2', '"format":3')],
])("a damaged recipe is refused: %s", async (_, damage) => {
  await expect(Recipe.fromJson(damage(await Recipe.toJson(recipe)))).rejects.toThrow(/damaged|no control/);
});

test("a finished picture is not repeated by an engine that cannot finish", async () => {
  const text = (await Recipe.toJson(recipe)).replace('"format":2', '"format":3,"finish":50');
  await expect(Recipe.fromJson(text)).rejects.toThrow(/finished by optimisation/);
});

test("pixels come back from a PNG as they were", async () => {
  const file = Buffer.from(await (await encodePng(picture)).arrayBuffer());
  expect([...PNG.sync.read(file).data]).toEqual([...picture.data]);
});
