/** Files of styles, the same as those of `stylize library export`: see `stylize/library/sharing.py`. */
import { unzipSync, zipSync, strFromU8, strToU8 } from "fflate";
import { makeStyle, StylizeError } from "../engine/index.ts";
import { sha256 } from "../engine/hash.ts";
import type { OwnStyle } from "./storage.ts";

const FORMAT = "stylize-style-library";
const CONTENTS = "library.json";
const MAX_STYLES = 500;
const MAX_BYTES = 200_000_000;
const MAX_VECTOR_BYTES = 2 ** 20;

interface Member {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Write styles into a zip file. */
export async function writeStyles(styles: readonly OwnStyle[]): Promise<Blob> {
  const files: Record<string, Uint8Array> = {};
  const put = (file: string, data: Uint8Array): Member => {
    files[file] = data;
    return { file, bytes: data.length, sha256: sha256(data) };
  };
  const about = [];
  for (const { name, title, artist, year, tags, values, encoderSha256, thumb } of styles) {
    about.push({
      name, title, artist, year, tags, encoder_sha256: encoderSha256,
      vector: put(`vectors/${name}.npy`, toNpy(values)),
      thumbnail: put(`thumbnails/${name}.webp`, new Uint8Array(await thumb.arrayBuffer())),
    });
  }
  files[CONTENTS] = strToU8(JSON.stringify({ format: FORMAT, version: 1, styles: about }));
  return new Blob([zipSync(files, { level: 0 })], { type: "application/zip" });
}

/**
 * Read the styles of a zip file.
 *
 * @throws {StylizeError} It is no such file, or damaged.
 */
export async function readStyles(file: Blob): Promise<OwnStyle[]> {
  try {
    if (file.size > MAX_BYTES) throw new Error("size");
    let total = 0;
    const files = unzipSync(new Uint8Array(await file.arrayBuffer()), {
      filter: ({ originalSize }) => (total += originalSize) <= MAX_BYTES,
    });
    const contents = JSON.parse(strFromU8(files[CONTENTS]!)) as { format: string; styles: Record<string, unknown>[] };
    if (contents.format !== FORMAT || contents.styles.length > MAX_STYLES) throw new Error("format");
    return contents.styles.map((about) => readStyle(about, files));
  } catch (error) {
    if (error instanceof StylizeError) throw error;
    throw new StylizeError("This is no readable file of styles. Export it again.", "styles_unreadable");
  }
}

function readStyle(about: Record<string, unknown>, files: Record<string, Uint8Array>): OwnStyle {
  const member = (kind: string): Uint8Array<ArrayBuffer> | null => {
    const given = about[kind] as Member | undefined;
    if (!given) return null;
    const data = files[given.file]!;
    if (data.length !== given.bytes || sha256(data) !== given.sha256) throw new Error("damaged");
    return new Uint8Array(data);
  };
  const words = (key: string): string => String(about[key] ?? "").slice(0, 500);
  const { values, encoderSha256 } = makeStyle(fromNpy(member("vector")!), words("encoder_sha256"));
  const tags = Array.isArray(about["tags"]) ? about["tags"].slice(0, 20).map(String) : [];
  const thumb = new Blob([member("thumbnail") ?? new Uint8Array()], { type: "image/webp" });
  return { name: words("name"), title: words("title") || words("name"), artist: words("artist"), year: words("year"), tags, values, encoderSha256, thumb };
}

/** NumPy's format for one row of 32-bit numbers. */
function toNpy(values: Float32Array): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${values.length},), }`;
  const padded = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + "\n";
  const start = [0x93, ...strToU8("NUMPY"), 1, 0, padded.length & 255, padded.length >> 8, ...strToU8(padded)];
  const result = new Uint8Array(start.length + values.byteLength);
  result.set(start);
  result.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), start.length);
  return result;
}

function fromNpy(data: Uint8Array<ArrayBuffer>): Float32Array {
  const view = new DataView(data.buffer);
  const start = 10 + view.getUint16(8, true);
  const header = strFromU8(data.subarray(10, start));
  const length = Number(/'descr': '<f4'.*'shape': \((\d+),\)/.exec(header)?.[1]);
  if (data.length > MAX_VECTOR_BYTES || data.length !== start + 4 * length) throw new Error("vector");
  return Float32Array.from({ length }, (_, index) => view.getFloat32(start + 4 * index, true));
}
