import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FramePainter } from "../engine/frames.ts";
import { CONTRACT, readInput } from "./goldens.ts";
import { openEngine } from "./node_engine.ts";

const engine = openEngine(join(CONTRACT, "tiny_model"), "fp32");
const [content, paper] = [readInput("content"), readInput("paper")];

describe("frames of a video", () => {
  test("have the size of the camera's, at any size of strokes", async () => {
    const style = await engine.encodeStyle(readInput("style"));
    const painted = await new FramePainter(engine).paint(content, style, { stroke_size: 2 });
    expect([painted.width, painted.height]).toEqual([content.width, content.height]);
    expect(painted.data.every((value, at) => at % 4 < 3 || value === 255)).toBe(true);
  });

  test("carry statistics over, but not to another look", async () => {
    const [style, other] = await Promise.all(["style", "other"].map((name) => engine.encodeStyle(readInput(name))));
    const painter = new FramePainter(engine);
    const fresh = (await new FramePainter(engine).paint(paper, style!)).data;
    await painter.paint(content, style!);
    expect((await painter.paint(paper, style!)).data).not.toEqual(fresh);
    expect((await painter.paint(paper, other!)).data).toEqual((await new FramePainter(engine).paint(paper, other!)).data);
  });

  test("at strength 0 are the camera's", async () => {
    const style = await engine.encodeStyle(readInput("style"));
    expect(await new FramePainter(engine).paint(content, style, { strength: 0 })).toBe(content);
  });
});
