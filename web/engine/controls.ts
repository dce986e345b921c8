/** What an artist can turn; see `stylize/controls.py`. */
import { StylizeError } from "./errors.ts";

export interface Controls {
  /** From the content picture to the full style. */
  readonly strength: number;
  readonly content_weight: number;
  readonly style_weight: number;
  readonly fine_weight: number;
  readonly coarse_weight: number;
  /** From the colours of the style to those of the content. */
  readonly color: number;
  /** From the style's palette only to palette and texture. */
  readonly texture: number;
  readonly stroke_size: number;
  readonly brushwork: number;
  readonly detail: number;
}

/** Default, lowest and highest value of every control, in the order in which they are shown. */
export const CONTROLS: { readonly [name in keyof Controls]: readonly [number, number, number] } = {
  strength: [1, 0, 1],
  content_weight: [1, 0.25, 4],
  style_weight: [1, 0.25, 4],
  fine_weight: [1, 0.25, 4],
  coarse_weight: [1, 0.25, 4],
  color: [0, 0, 1],
  texture: [1, 0, 1],
  stroke_size: [1, 0.5, 4],
  brushwork: [1, 0, 2],
  detail: [1, 0, 2],
};

export const CONTROL_NAMES = Object.keys(CONTROLS) as (keyof Controls)[];

/**
 * Return all controls, those that are not given at their defaults.
 *
 * @throws {StylizeError} One is not a number in its range, or unknown.
 */
export function makeControls(given: Partial<Controls> = {}): Controls {
  const unknown = Object.keys(given).find((name) => !(name in CONTROLS));
  if (unknown !== undefined) throw new StylizeError(`There is no control "${unknown}".`, "control_unknown", { name: unknown });
  const values = CONTROL_NAMES.map((name) => {
    const [standard, low, high] = CONTROLS[name];
    const value = given[name] ?? standard;
    if (typeof value !== "number" || !(value >= low && value <= high)) {
      throw new StylizeError(`${name} must be a number from ${low} to ${high}; got ${String(value)}.`, "out_of_range", {
        name, low, high, value: String(value),
      });
    }
    return [name, value] as const;
  });
  return Object.fromEntries(values) as unknown as Controls;
}
