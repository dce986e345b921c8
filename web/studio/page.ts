/**
 * The page's own components, which it shares with the page that Gradio serves
 * (`stylize/studio/static`), and what they need in place of Gradio.
 */
import "./texts.ts";
import "../../stylize/studio/static/base.js";
import "./gradio.ts";
import "../../stylize/studio/static/session.js";
import "../../stylize/studio/static/camera.js";
import "../../stylize/studio/static/content.js";
import "../../stylize/studio/static/zoom.js";
import "../../stylize/studio/static/export.js";
import "../../stylize/studio/static/preview.js";
import "../../stylize/studio/static/viewer.js";
import "../../stylize/studio/static/controls.js";
import "../../stylize/studio/static/picker.js";
import "../../stylize/studio/static/pixels.js";
import "../../stylize/studio/static/pad.js";
import "../../stylize/studio/static/kids.js";
import "../../stylize/studio/static/style.css";
import "../../stylize/studio/static/page.css";
import "./site.css";
import { StylizeError } from "../engine/index.ts";

export const { make, button, text, icon } = Studio;

/** A component of the page: its element, its value, and what it tells. */
export interface Mounted<Value> {
  readonly element: HTMLElement;
  readonly props: { value: Value };
  /** Give it another value, as a server would. */
  readonly show: (value: Value) => void;
  /** Say that another of its props has changed. */
  readonly renew: (prop: string) => void;
}

/**
 * Fill an element with one of the page's components.
 *
 * @param events Called by name when the component tells something.
 * @param upload Takes a file that the component would send to a server.
 */
export function mount<Value>(
  name: "viewer" | "controls" | "picker" | "content" | "drawing" | "kids",
  props: { value: Value; [key: string]: unknown },
  events: Readonly<Record<string, (data: never) => void>>,
  upload?: (file: File) => Promise<unknown>,
): Mounted<Value> {
  const element = make("div", { id: name });
  const watchers = new Map<string, () => void>();
  Studio[name]({
    element,
    props,
    upload,
    trigger: (event: string, data: unknown) => events[event]?.(data as never),
    watch: (key: string, action: () => void) => watchers.set(key, action),
  });
  return {
    element,
    props,
    show: (value) => {
      props.value = value;
      watchers.get("value")?.();
    },
    renew: (prop) => watchers.get(prop)?.(),
  };
}

/** The words for an error, in the visitor's language where there are some. */
export function explain(error: unknown): string {
  if (!(error instanceof StylizeError)) return error instanceof Error ? error.message : String(error);
  const values = { ...error.values, name: error.code.startsWith("too_") ? text("the_picture") : (error.values["name"] ?? "") };
  const said = text(error.code, values);
  return said === error.code ? error.message : said;
}

let hiding: ReturnType<typeof setTimeout> | undefined;

/** Tell the visitor something, for a while. */
export function tell(words: string): void {
  const line = document.querySelector<HTMLElement>("#toast")!;
  line.textContent = words;
  line.hidden = !words;
  clearTimeout(hiding);
  hiding = setTimeout(() => { line.hidden = true; }, 6000);
}

/** Tell of an error, unless the visitor wanted it so. */
export function complain(error: unknown): void {
  if (error instanceof DOMException && error.name === "AbortError") return;
  tell(explain(error));
}
