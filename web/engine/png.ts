/** Writing and reading PNG files: what a canvas writes has lost some colour where it is transparent. */
import type { Pixels } from "./pixels.ts";
import { isOpaque } from "./pixels.ts";

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const SUB = 1; // rows are written as differences to the pixel on the left: good enough for paintings

/**
 * Write a PNG of 8 bits a channel, without alpha if the picture is opaque.
 *
 * @param texts International texts by keyword, packed.
 */
export async function encodePng(picture: Pixels, texts: Readonly<Record<string, string>> = {}): Promise<Blob> {
  const opaque = isOpaque(picture);
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, picture.width);
  header.setUint32(4, picture.height);
  header.setUint8(8, 8);
  header.setUint8(9, opaque ? 2 : 6);
  const chunks = [chunk("IHDR", new Uint8Array(header.buffer))];
  for (const [keyword, text] of Object.entries(texts)) {
    // The keyword; packed, by zlib; no language, no translated keyword.
    const start = latin(`${keyword}\0\u0001\0\0\0`);
    chunks.push(chunk("iTXt", joined(start, await deflate(new TextEncoder().encode(text)))));
  }
  chunks.push(chunk("IDAT", await deflate(filtered(picture, opaque ? 3 : 4))), chunk("IEND", new Uint8Array()));
  return new Blob([Uint8Array.from(SIGNATURE), ...chunks], { type: "image/png" });
}

/** Return the text of a keyword in a PNG file; null if it has none or is no PNG. */
export async function readPngText(file: Uint8Array<ArrayBuffer>, keyword: string): Promise<string | null> {
  if (SIGNATURE.some((byte, at) => file[at] !== byte)) return null;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = latin(`${keyword}\0`);
  for (let at = 8; at + 12 <= file.length; ) {
    const length = view.getUint32(at);
    const body = file.subarray(at + 8, at + 8 + length);
    const kind = String.fromCharCode(...file.subarray(at + 4, at + 8));
    at += 12 + length;
    if (kind !== "iTXt" || start.some((byte, index) => body[index] !== byte)) continue;
    const packed = body[start.length] === 1;
    const language = body.indexOf(0, start.length + 2);
    const text = body.slice(body.indexOf(0, language + 1) + 1);
    return new TextDecoder().decode(packed ? await inflate(text) : text);
  }
  return null;
}

/** Pack by zlib. */
export function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return through(bytes, new CompressionStream("deflate"));
}

/** Unpack what zlib packed; it fails if that is damaged. */
export function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return through(bytes, new DecompressionStream("deflate"));
}

async function through(bytes: Uint8Array<ArrayBuffer>, stream: CompressionStream | DecompressionStream): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

function filtered({ width, height, data }: Pixels, channels: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(height * (1 + channels * width));
  let out = 0;
  for (let y = 0; y < height; y++) {
    result[out++] = SUB;
    for (let x = 0, at = 4 * y * width; x < width; x++, at += 4) {
      for (let channel = 0; channel < channels; channel++) {
        result[out++] = data[at + channel]! - (x > 0 ? data[at + channel - 4]! : 0);
      }
    }
  }
  return result;
}

function chunk(kind: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(12 + body.length);
  const view = new DataView(result.buffer);
  view.setUint32(0, body.length);
  result.set(latin(kind), 4);
  result.set(body, 8);
  view.setUint32(8 + body.length, crc32(result.subarray(4, 8 + body.length)));
  return result;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? 0xedb88320 ^ (byte >>> 1) : byte >>> 1;
  return byte;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function latin(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const result = new Uint8Array(a.length + b.length);
  result.set(a);
  result.set(b, a.length);
  return result;
}
