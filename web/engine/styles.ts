/** Style vectors and their arithmetic; see `stylize/styles.py`. */
import { StylizeError } from "./errors.ts";
import { sha256 } from "./hash.ts";

const MAX_VALUE = 1e4; // a thousand times what pictures have

/** The statistics of one style, or of a blend; made by the style encoder of that SHA-256. */
export interface StyleVector {
  readonly values: Float32Array<ArrayBuffer>;
  readonly encoderSha256: string;
}

/** Return a style vector whose values have been checked. */
export function makeStyle(values: Float32Array, encoderSha256: string): StyleVector {
  if (values.length === 0 || values.some((value) => !(Math.abs(value) <= MAX_VALUE))) {
    throw new StylizeError("The style vector is damaged. Encode the style picture again.", "style_damaged");
  }
  return { values: Float32Array.from(values), encoderSha256 };
}

/** Identity of a vector: the SHA-256 of its values, little-endian. */
export function styleSha256({ values }: StyleVector): string {
  return sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

/** Scale the weights of a blend so that they sum to 1. */
export function normalizeBlend(weights: readonly number[]): number[] {
  if (weights.length === 0) throw new StylizeError("A blend needs at least one style with a weight.", "blend_empty");
  if (weights.some((weight) => !(weight >= 0 && weight < Infinity))) {
    throw new StylizeError(`Weights of a blend must be finite and not negative; got ${weights.join(", ")}.`, "blend_weights", {
      weights: weights.join(", "),
    });
  }
  const largest = Math.max(...weights);
  if (largest === 0) throw new StylizeError("The weights of a blend sum to 0; raise at least one of them.", "blend_zero");
  // Divided by the largest first: the sum of huge weights stays a number.
  const scaled = weights.map((weight) => weight / largest);
  const sum = scaled.reduce((a, b) => a + b, 0);
  return scaled.map((weight) => weight / sum);
}

/** Mix styles: the weighted mean of their vectors. A single style is returned as it is. */
export function blend(styles: readonly StyleVector[], weights: readonly number[]): StyleVector {
  const shares = normalizeBlend(weights);
  if (shares.length !== styles.length) throw new TypeError(`${styles.length} styles need as many weights; got ${shares.length}`);
  const [first] = styles;
  const alike = styles.every((style) => style.encoderSha256 === first!.encoderSha256 && style.values.length === first!.values.length);
  if (!alike) {
    throw new StylizeError("The styles to blend were made by different style encoders; encode their pictures again with one of them.", "style_other_encoder");
  }
  const only = shares.indexOf(1);
  if (only >= 0) return styles[only]!;
  const values = first!.values.map((_, index) => styles.reduce((sum, style, at) => sum + style.values[index]! * shares[at]!, 0));
  return { values, encoderSha256: first!.encoderSha256 };
}
