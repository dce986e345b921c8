import { StylizeError } from "./errors.ts";

/**
 * Fetch a file. It may be packed by gzip, whatever the server says of it: most servers of static
 * files do not pack themselves.
 *
 * @param cache "no-cache" for files whose names do not tell their content: is there a newer one?
 * @throws {StylizeError} It cannot be had.
 */
export async function fetchFile(url: string, cache: RequestCache = "default"): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const answer = await fetch(url, { cache });
    if (!answer.ok) throw new Error(`${answer.status}`);
    bytes = new Uint8Array(await answer.arrayBuffer());
  } catch (error) {
    const name = new URL(url).pathname.split("/").at(-1) ?? url;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StylizeError(`${name} could not be downloaded (${reason}). Check the connection and try again.`, "download_failed", { name, reason });
  }
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? unpack(bytes) : bytes;
}

async function unpack(packed: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
