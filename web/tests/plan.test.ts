import { expect, test } from "vitest";
import { readContract } from "../engine/contract.ts";
import type { Size } from "../engine/pixels.ts";
import { makePlan, thumbnailSize, zoomOf } from "../engine/plan.ts";
import { Canvas } from "../engine/tiles.ts";
import { readJson } from "./goldens.ts";

interface Level {
  size: Size;
  exponent?: number;
  share?: number;
  canvas: Size;
  thumbnail: Size;
  zoom: number;
}

const { contract: record, cases } = readJson<{
  contract: unknown;
  cases: { size: Size; stroke_size: number; levels: Level[] }[];
}>("plan.json");
const contract = readContract(record);

test.each(cases)("the plan of $size with strokes of $stroke_size is that of the contract", ({ size, stroke_size, levels }) => {
  const plan = makePlan(size, contract, stroke_size);
  const found = [{ size: plan.draft }, ...plan.revisions].map((level) => {
    const margin = "share" in level ? contract.revision_margin_px : contract.margin_px;
    const canvas = new Canvas(level.size, margin, contract.grid_px);
    return {
      ...level,
      canvas: [canvas.gridWidth, canvas.gridHeight],
      thumbnail: thumbnailSize(level.size, contract),
      zoom: zoomOf(level.size, contract),
    };
  });
  expect(found).toEqual(levels.map((level) => ({
    ...level,
    ...(level.share === undefined ? {} : { share: expect.closeTo(level.share, 4) }),
    zoom: expect.closeTo(level.zoom, 4),
  })));
});
