/** What every engine that runs a model must agree on: the numbers in its model.json. */
import { CONTRAST_NUMBERS } from "./contrast.ts";
import { ModelError } from "./errors.ts";
import { COLOR_NUMBERS, styleColors, type StyleColors } from "./style_colors.ts";

const LEAST_SEEN = 0.02; // added to what is seen of a style before its logarithm is taken

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
  readonly calming_flat: number;
  readonly flat_style: number;
  readonly recoloring_share: number;
  readonly posterizing_share: number;
  readonly ink_style: number;
  readonly contrast_share: number;
  readonly contrast_at: number;
  readonly ground_seed: number;
  readonly int8_index: number;
  readonly int8_limit: number;
  readonly calm_weights: Float32Array;
  readonly calm_bias: number;
  readonly color_weights: Float32Array;
  readonly ink_weights: Float32Array;
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
  const length = numbers["vector_length"]!;
  const contract = {
    ...(numbers as Record<(typeof NUMBERS)[number], number>),
    int8_limit: limit === null || limit === undefined ? Infinity : number(values, "int8_limit"),
    // Older models lack these.
    calming_share: number(values, "calming_share", 0),
    calming_reach: number(values, "calming_reach", 1.5),
    calming_least: number(values, "calming_least", 0),
    calming_least_reach: number(values, "calming_least_reach", 0.4),
    calming_flat: number(values, "calming_flat", 0),
    flat_style: number(values, "flat_style", 0.25),
    recoloring_share: number(values, "recoloring_share", 0),
    posterizing_share: number(values, "posterizing_share", 0),
    ink_style: number(values, "ink_style", 0.28),
    contrast_share: number(values, "contrast_share", 0),
    contrast_at: number(values, "contrast_at", 0),
    calm_weights: weights(values, "calm_weights", 1, length),
    calm_bias: Number(values["calm_bias"] ?? 0),
    color_weights: weights(values, "color_weights", COLOR_NUMBERS, length + 1),
    ink_weights: weights(values, "ink_weights", 1, length + 1),
  };
  if (contract.contrast_at && contract.contrast_at + CONTRAST_NUMBERS > length) {
    throw new ModelError("contrast_at of the contract is not within its vectors");
  }
  for (const name of ["calm_style", "flat_style", "ink_style"] as const) {
    if (contract[name] === 0) throw new ModelError(`${name} of the contract must be above 0`);
  }
  if (!Number.isFinite(contract.calm_bias)) throw new ModelError("calm_bias of the contract cannot be read");
  return contract;
}

function number(values: Record<string, unknown>, name: string, missing?: number): number {
  const value = values[name] ?? missing;
  if (typeof value !== "number" || !(value >= 0) || value > 1e9) {
    throw new ModelError(`${name} of the contract cannot be ${String(value)}`);
  }
  return value;
}

/** Read rows of so many weights, at most so many rows; older models have none. */
function weights(values: Record<string, unknown>, name: string, rowLength: number, mostRows: number): Float32Array {
  const read = halfFloats(String(values[name] ?? ""));
  if (read === null || read.length % rowLength || read.length > mostRows * rowLength || !read.every(Number.isFinite)) {
    throw new ModelError(`${name} of the contract cannot be read`);
  }
  return read;
}

/** Return the share of a style that is calm, such as bare paper, from 0 to 1. */
export function calmShare(contract: Contract, vector: Float32Array): number {
  const weights = contract.calm_weights;
  if (weights.length === 0) return 0;
  let root = contract.calm_bias;
  for (let index = 0; index < weights.length; index++) root += weights[index]! * vector[index]!;
  return Math.min(1, Math.max(0, root) ** 2);
}

/** Return which colours a style has, if the model can tell. */
export function colorsOf(contract: Contract, vector: Float32Array): StyleColors | null {
  const numbers = told(contract.color_weights, COLOR_NUMBERS, vector);
  return numbers && styleColors(numbers);
}

/** Return how much the octaves of a style vary, if its vector tells; see `raiseContrast`. */
export function contrastOf(contract: Contract, vector: Float32Array): number[] | null {
  const at = contract.contrast_at;
  return at ? [...vector.subarray(at, at + CONTRAST_NUMBERS)] : null;
}

/** Return numbers that depend linearly on a vector: rows of weights for each of its numbers, and a last one that is added. */
function told(weights: Float32Array, count: number, vector: Float32Array): number[] | null {
  const known = weights.length / count - 1; // numbers of the vector that count
  if (known < 0) return null;
  const numbers = [...weights.subarray(known * count)];
  for (let row = 0, at = 0; row < known; row++) {
    for (let index = 0; index < count; index++, at++) numbers[index]! += vector[row]! * weights[at]!;
  }
  return numbers;
}

/** Return how much a style is made of a few even inks, from 0 to 1. */
export function inkShare(contract: Contract, vector: Float32Array): number {
  const weights = contract.ink_weights;
  const known = weights.length - 1; // numbers of the vector that count; the last weight is added
  if (known < 0) return 0;
  let root = weights[known]!;
  for (let index = 0; index < known; index++) root += weights[index]! * Math.log(Math.max(vector[index]!, 0) + LEAST_SEEN);
  return Math.min(1, Math.max(0, root) ** 2);
}

/** Decode little-endian numbers of 16 bits in base64; null: that is not what it is. */
function halfFloats(base64: string): Float32Array | null {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
  if (bytes.length % 2) return null;
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
