import { sha256 as digest } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/**
 * Return the SHA-256 of some bytes, in hexadecimal digits. Not by the browser's own function, which
 * pages without https do not have: a classroom's server is one.
 */
export function sha256(bytes: Uint8Array): string {
  return bytesToHex(digest(bytes));
}
