/** Which provider is the fastest here: a short measurement. */
import type { Engine } from "./engine.ts";
import { blank } from "./pixels.ts";
import type { Provider, Runtime } from "./runtime.ts";
import { makeStyle } from "./styles.ts";

const SIDE_PX = 256; // of the picture that is timed; its draft is twice as large
const TRIED_SIDE_PX = 32;

/**
 * Time each provider on a picture, after one that does not count, and go on with the fastest.
 * A single one is only tried: where it fails, the runtime goes on without it.
 */
export async function useFastest(engine: Engine, runtime: Runtime, providers: readonly Provider[]): Promise<void> {
  const sidePx = providers.length > 1 ? SIDE_PX : TRIED_SIDE_PX;
  const picture = blank(sidePx, sidePx);
  const style = makeStyle(new Float32Array(engine.contract.vector_length), engine.model.encoderSha256);
  const times = new Map<Provider, number>();
  for (const provider of providers) {
    runtime.use(provider);
    await engine.stylize(picture, style);
    const begun = performance.now();
    if (providers.length > 1) await engine.stylize(picture, style);
    if (runtime.provider === provider) times.set(provider, performance.now() - begun); // it may have failed
  }
  const [fastest] = [...times].sort(([, a], [, b]) => a - b);
  runtime.use(fastest?.[0] ?? "wasm");
}
