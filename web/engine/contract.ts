/** What every engine that runs a model must agree on: the numbers in its model.json. */
import { ModelError } from "./errors.ts";

/** Documented in `stylize/contract.py`; the names are those of model.json. */
export interface Contract {
  readonly vector_length: number;
  readonly style_side_px: number;
  readonly draft_side_px: number;
  readonly grid_px: number;
  readonly margin_px: number;
  readonly revision_margin_px: number;
  readonly halo_px: number;
  readonly tile_pixels: number;
  readonly thumbnail_min_px: number;
  readonly thumbnail_max_px: number;
  readonly max_zoom: number;
  readonly revision_share: number;
  readonly ground_levels: number;
  readonly calm_style: number;
  readonly least_brushwork: number;
  readonly calming_share: number;
  readonly calming_reach: number;
  readonly calming_least: number;
  readonly calming_least_reach: number;
  readonly ground_seed: number;
  readonly int8_index: number;
  readonly int8_limit: number;
  readonly calm_weights: Float32Array;
  readonly calm_bias: number;
}

const NUMBERS = [
  "vector_length", "style_side_px", "draft_side_px", "grid_px", "margin_px", "revision_margin_px", "halo_px", "tile_pixels",
  "thumbnail_min_px", "thumbnail_max_px", "max_zoom", "revision_share", "ground_levels", "calm_style",
  "least_brushwork", "ground_seed", "int8_index",
] as const;

/**
 * Read the contract of a model.json.
 *
 * @throws {ModelError} A number is missing or cannot be.
 */
export function readContract(record: unknown): Contract {
  if (typeof record !== "object" || record === null) throw new ModelError("model.json holds no contract");
  const values = record as Record<string, unknown>;
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, number(values, name)]));
  const limit = values["int8_limit"];
  return {
    ...(numbers as Record<(typeof NUMBERS)[number], number>),
    int8_limit: limit === null || limit === undefined ? Infinity : number(values, "int8_limit"),
    calming_share: values["calming_share"] === undefined ? 0 : number(values, "calming_share"), // older models lack it
    calming_reach: values["calming_reach"] === undefined ? 1.5 : number(values, "calming_reach"),
    calming_least: values["calming_least"] === undefined ? 0 : number(values, "calming_least"),
    calming_least_reach: values["calming_least_reach"] === undefined ? 0.4 : number(values, "calming_least_reach"),
    calm_weights: halfFloats(String(values["calm_weights"] ?? "")),
    calm_bias: Number(values["calm_bias"] ?? 0),
  };
}

function number(values: Record<string, unknown>, name: string): number {
  const value = values[name];
  if (typeof value !== "number" || !(value >= 0) || value > 1e9) {
    throw new ModelError(`${name} of the contract cannot be ${String(value)}`);
  }
  return value;
}

/** Return the share of a style that is calm, such as bare paper, from 0 to 1. */
export function calmShare(contract: Contract, vector: Float32Array): number {
  const weights = contract.calm_weights;
  if (weights.length === 0) return 0;
  let root = contract.calm_bias;
  for (let index = 0; index < weights.length; index++) root += weights[index]! * vector[index]!;
  return Math.min(1, Math.max(0, root) ** 2);
}

/** Decode little-endian numbers of 16 bits in base64. */
function halfFloats(base64: string): Float32Array {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const words = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length >> 1 }, (_, index) => halfFloat(words.getUint16(2 * index, true)));
}

/** Return the number of 16 bits with a sign, 5 bits of exponent and 10 of fraction. */
export function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
