/** SHA-256, in hexadecimal digits. */
import { sha256 as digest } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

export function sha256(bytes: Uint8Array): string {
  return bytesToHex(digest(bytes));
}

/** By the browser's own function, which pages without https do not have: a classroom's server is one. */
export async function sha256Quickly(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (!globalThis.crypto?.subtle) return sha256(bytes);
  return bytesToHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}
