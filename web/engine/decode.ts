/** From what a browser knows as a picture to pixels: upright, in sRGB. */
import { StylizeError } from "./errors.ts";
import type { Pixels } from "./pixels.ts";

/** What crosses from the page to the worker. */
export type Sent = Blob | ImageData | ImageBitmap;

/** The largest picture that browsers hold, several times over, on ordinary devices. */
export const MAX_PIXELS = 50_000_000;

/**
 * Unpack a picture; its EXIF orientation is applied, and its colour profile.
 *
 * @throws {StylizeError} It is no picture that this browser can read, or too large.
 */
export async function decode(picture: Sent): Promise<Pixels> {
  if (picture instanceof ImageData) {
    checkPixels(picture.width, picture.height);
    return { width: picture.width, height: picture.height, data: new Uint8ClampedArray(picture.data) };
  }
  const bitmap = picture instanceof Blob ? await unpack(picture) : picture;
  try {
    checkPixels(bitmap.width, bitmap.height);
    return readBitmap(bitmap);
  } finally {
    bitmap.close();
  }
}

async function unpack(file: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image", premultiplyAlpha: "none" });
  } catch {
    throw new StylizeError(
      "This is not a picture that the browser can read. Save it as PNG, JPEG or WebP and try again.",
      "picture_unreadable",
    );
  }
}

function checkPixels(width: number, height: number): void {
  if (width * height <= MAX_PIXELS) return;
  const [size, most] = [width * height, MAX_PIXELS].map((pixels) => Math.round(pixels / 1e6)) as [number, number];
  throw new StylizeError(`The picture has ${size} megapixels; ${most} are the limit here. Make it smaller.`, "too_many_pixels", { size, most });
}

function readBitmap(bitmap: ImageBitmap): Pixels {
  const { width, height } = bitmap;
  const pen = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!pen) throw new StylizeError("There is not enough memory for this. Take a smaller picture, or close other programs.", "memory");
  pen.drawImage(bitmap, 0, 0);
  const { data } = pen.getImageData(0, 0, width, height);
  // A canvas multiplies colours by their opacity, which loses some of them; a texture does not.
  const exact = isTranslucent(data) ? readTexture(bitmap) : null;
  return exact ?? { width, height, data };
}

function isTranslucent(data: Uint8ClampedArray): boolean {
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 255 && data[at] !== 0) return true;
  return false;
}

/** Read a bitmap by way of a texture; null where that is not to be had. */
function readTexture(bitmap: ImageBitmap): Pixels | null {
  const { width, height } = bitmap;
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (!gl || Math.max(width, height) > Number(gl.getParameter(gl.MAX_TEXTURE_SIZE))) return null;
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, gl.getParameter(gl.TEXTURE_BINDING_2D), 0);
  const data = new Uint8ClampedArray(4 * width * height);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(data.buffer));
  const read = gl.getError() === gl.NO_ERROR;
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return read ? { width, height, data } : null;
}
