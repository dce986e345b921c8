/** What happens to a painted picture pixel by pixel; see `stylize/finishing.py`. */
import { colorStatistics, keepColors, transferColors } from "./color.ts";
import type { Controls } from "./controls.ts";
import { gaussianBlur } from "./blur.ts";
import type { Pixels } from "./pixels.ts";

const FADE_STRENGTH = 0.25; // below it the painted picture fades into the content
const FINE_PX = 2;
const OUTLINE_LEVEL = 20; // where detail is so strong, half of it is left alone

/** Smooth the fine detail of a painted picture in place, or make it crisper; outlines stay. */
export function scaleDetail(painted: Pixels, gain: number): void {
  if (gain === 1) return;
  const { width, height, data } = painted;
  const bytes = new Uint8Array(data.buffer);
  const smooth = gaussianBlur(bytes, width, height, 4, FINE_PX);
  const strong = new Uint8Array(width * height);
  for (let pixel = 0, at = 0; pixel < strong.length; pixel++, at += 4) {
    let sum = 0;
    for (let channel = 0; channel < 3; channel++) sum += Math.abs(bytes[at + channel]! - smooth[at + channel]!);
    strong[pixel] = Math.trunc(sum / 3);
  }
  const level = gaussianBlur(strong, width, height, 1, FINE_PX);
  for (let pixel = 0, at = 0; pixel < level.length; pixel++, at += 4) {
    const more = (gain - 1) / (1 + (level[pixel]! / OUTLINE_LEVEL) ** 2);
    for (let channel = 0; channel < 3; channel++) {
      const value = bytes[at + channel]!;
      data[at + channel] = value + more * (value - smooth[at + channel]!);
    }
  }
}

/** Apply what works on pixels: palette only, the content's colours, fading; in place. */
export function finish(painted: Pixels, content: Pixels, controls: Controls): void {
  const fade = Math.min(1, controls.strength / FADE_STRENGTH);
  if (controls.texture < 1) {
    const palette = transferColors(content, colorStatistics(content), colorStatistics(painted));
    mix(painted, palette, 1 - controls.texture);
  }
  if (controls.color > 0) keepColors(painted, content, controls.color);
  if (fade < 1) mix(painted, content, 1 - fade);
}

/** Mix another picture's colours into one, in place. */
function mix(picture: Pixels, other: Pixels, share: number): void {
  const { data } = picture;
  for (let at = 0; at < data.length; at++) {
    if ((at & 3) !== 3) data[at] = data[at]! * (1 - share) + other.data[at]! * share;
  }
}
