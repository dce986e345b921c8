/**
 * What other pages import: the engine, with the model that lies beside it.
 *
 * ```js
 * import { load } from "https://example.org/stylize/engine.js";
 * const engine = await load();
 * const style = await engine.encodeStyle(painting);
 * const painted = await engine.stylize(photo, style, { strength: 0.8 });
 * ```
 */
import { load as loadEngine, type LoadOptions, type StylizeEngine } from "./index.ts";

export * from "./index.ts";

const here = import.meta.url;

/** Load the engine, by default with the model that lies beside this script. */
export function load(options: Partial<LoadOptions> = {}): Promise<StylizeEngine> {
  return loadEngine({ ...options, model: options.model ?? new URL("model/model.json", here) });
}
