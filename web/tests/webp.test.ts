import { expect, test } from "vitest";
import { withXmp } from "../studio/webp.ts";

const ascii = (text: string): number[] => [...text].map((character) => character.charCodeAt(0));
const riff = (...chunks: number[]): Blob => new Blob([Uint8Array.from([...ascii("RIFF"), chunks.length + 4, 0, 0, 0, ...ascii("WEBP"), ...chunks])]);
const written = async (file: Blob): Promise<number[]> => [...new Uint8Array(await (await withXmp(file, Uint8Array.of(7, 8, 9), 300, 2)).arrayBuffer())];
const XMP = [...ascii("XMP "), 3, 0, 0, 0, 7, 8, 9, 0]; // padded to an even length

test("a plain file gets the header of an extended one", async () => {
  const pixels = [...ascii("VP8 "), 2, 0, 0, 0, 1, 2];
  const header = [...ascii("VP8X"), 10, 0, 0, 0, 4, 0, 0, 0, 43, 1, 0, 1, 0, 0];
  expect(await written(riff(...pixels))).toEqual([...ascii("RIFF"), 44, 0, 0, 0, ...ascii("WEBP"), ...header, ...pixels, ...XMP]);
});

test("lossless pixels say whether some are transparent", async () => {
  const pixels = (alpha: number): number[] => [...ascii("VP8L"), 6, 0, 0, 0, 0x2f, 0, 0, 0, alpha, 0];
  expect((await written(riff(...pixels(0x10))))[20]).toBe(0x14);
  expect((await written(riff(...pixels(0))))[20]).toBe(0x04);
});

test("an extended file keeps what it says", async () => {
  const header = [...ascii("VP8X"), 10, 0, 0, 0, 0x10, 0, 0, 0, 43, 1, 0, 1, 0, 0];
  const made = await written(riff(...header));
  expect(made[20]).toBe(0x14);
  expect(made.slice(30)).toEqual(XMP);
});

test("anything else is refused", async () => {
  await expect(withXmp(new Blob(["something else, long enough"]), Uint8Array.of(1), 1, 1)).rejects.toThrow(TypeError);
});
