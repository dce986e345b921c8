// Loads scripts of the page into a context of their own, with just enough of a browser.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const folder = new URL("../../stylize/studio/static/", import.meta.url);

// Whatever it is asked for or called with, it is there and answers with itself.
const anything = new Proxy(function () {}, {
  get: (target, key) => (key === Symbol.toPrimitive ? () => "" : anything),
  set: () => true,
  apply: () => anything,
  construct: () => anything,
});

/** The page's `Studio` after these scripts ran, for a visitor with these languages. */
export const load = (scripts, { languages = ["en"], texts = { en: {} }, ...globals } = {}) => {
  const context = vm.createContext({
    document: anything,
    MutationObserver: anything,
    navigator: { languages, language: languages[0] },
    addEventListener: () => {},
    setTimeout: (...values) => globalThis.setTimeout(...values), // the test's clock
    clearTimeout: (timer) => globalThis.clearTimeout(timer),
    STUDIO_TEXTS: texts,
    ...globals,
  });
  context.window = context;
  for (const name of scripts) vm.runInContext(readFileSync(new URL(`${name}.js`, folder), "utf-8"), context, { filename: `${name}.js` });
  return context.Studio;
};
