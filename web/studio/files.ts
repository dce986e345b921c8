/** From painted pixels to files, with their recipes inside. */
import { encodePng, PNG_KEY, Recipe, toXmp, type StylizeEngine } from "../engine/index.ts";
import type { Look } from "./look.ts";
import { controlsOf } from "./look.ts";
import type { Styles } from "./styles.ts";
import { withXmp as webpWithXmp } from "./webp.ts";

export type Format = "png" | "jpg" | "webp";

/** What a picture was painted with, as its file will say. */
export function recipeOf(engine: StylizeEngine, styles: Styles, look: Look, maxSidePx: number | null, version: string): Recipe {
  const { modelSha256, encoderSha256, precision } = engine.description;
  return {
    styles: Object.entries(look.styles).map(([name, weight]) => Recipe.style(styles.get(name)!.vector, name, weight)),
    controls: controlsOf(look),
    maxSidePx,
    fast: false,
    precision,
    modelSha256,
    encoderSha256,
    version,
  };
}

/** Write a picture, with its recipe. */
export async function encodePicture(painted: ImageData, format: Format, quality: number, recipe: Recipe): Promise<Blob> {
  if (format === "png") return encodePng(painted, { [PNG_KEY]: await Recipe.toJson(recipe) });
  const canvas = new OffscreenCanvas(painted.width, painted.height);
  const pen = canvas.getContext("2d", { alpha: format !== "jpg" })!;
  const bitmap = await createImageBitmap(painted);
  if (format === "jpg") {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
  }
  pen.drawImage(bitmap, 0, 0);
  bitmap.close();
  const type = { jpg: "image/jpeg", webp: "image/webp" }[format];
  const file = await canvas.convertToBlob({ type, quality: quality / 100 });
  const packet = await toXmp(recipe);
  return format === "jpg" ? jpegWithXmp(file, packet) : webpWithXmp(file, packet, canvas.width, canvas.height);
}

/** Put an XMP packet into a JPEG, if it fits into a segment. */
function jpegWithXmp(jpeg: Blob, packet: Uint8Array<ArrayBuffer>): Blob {
  const name = new TextEncoder().encode("http://ns.adobe.com/xap/1.0/\0");
  const length = 2 + name.length + packet.length;
  if (length > 0xffff) return jpeg;
  const marker = Uint8Array.of(0xff, 0xe1, length >> 8, length & 255);
  return new Blob([jpeg.slice(0, 2), marker, name, packet, jpeg.slice(2)], { type: "image/jpeg" });
}

/** Save a file to the device. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  Studio.save({ url, orig_name: name });
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
