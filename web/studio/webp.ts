/** XMP in WebP files, which are chunks in a RIFF container: https://developers.google.com/speed/webp/docs/riff_container */

const EXTENDED_HAS_XMP = 0x04;
const EXTENDED_HAS_ALPHA = 0x10;

/** Put an XMP packet into a WebP of a canvas. */
export async function withXmp(webp: Blob, packet: Uint8Array<ArrayBuffer>, width: number, height: number): Promise<Blob> {
  const bytes = new Uint8Array(await webp.arrayBuffer());
  if (text(bytes, 0) !== "RIFF" || text(bytes, 8) !== "WEBP") throw new TypeError("this is no WebP");
  const chunks = bytes.slice(12);
  const parts = text(chunks, 0) === "VP8X" ? [flagged(chunks)] : [extended(chunks, width, height), chunks];
  parts.push(chunk("XMP ", packet));
  const size = parts.reduce((sum, part) => sum + part.length, "WEBP".length);
  return new Blob([ascii("RIFF"), littleEndian(size, 4), ascii("WEBP"), ...parts], { type: "image/webp" });
}

function flagged(chunks: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  chunks[8]! |= EXTENDED_HAS_XMP;
  return chunks;
}

/** Return the header of a file that is more than pixels. */
function extended(chunks: Uint8Array<ArrayBuffer>, width: number, height: number): Uint8Array<ArrayBuffer> {
  // Lossless pixels say in the 29th bit after their mark whether some are transparent.
  const alpha = text(chunks, 0) === "VP8L" && (chunks[12]! & 0x10) !== 0;
  const flags = EXTENDED_HAS_XMP | (alpha ? EXTENDED_HAS_ALPHA : 0);
  return chunk("VP8X", Uint8Array.of(flags, 0, 0, 0, ...littleEndian(width - 1, 3), ...littleEndian(height - 1, 3)));
}

function chunk(name: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const padding = payload.length % 2;
  const made = new Uint8Array(8 + payload.length + padding);
  made.set(ascii(name));
  made.set(littleEndian(payload.length, 4), 4);
  made.set(payload, 8);
  return made;
}

function littleEndian(value: number, bytes: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: bytes }, (_, at) => value >>> (8 * at));
}

const ascii = (name: string): Uint8Array<ArrayBuffer> => Uint8Array.from(name, (character) => character.charCodeAt(0));
const text = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
