/** A look: styles with weights, and controls; links carry it, as `stylize/studio/look.py` writes it. */
import { CONTROL_NAMES, CONTROLS, makeControls, type Controls } from "../engine/index.ts";

export interface Look extends Controls {
  readonly styles: Readonly<Record<string, number>>;
}

export function makeLook(styles: Readonly<Record<string, number>>, controls: Partial<Controls> = {}): Look {
  return { styles, ...makeControls(controls) };
}

export function controlsOf(look: Look): Controls {
  return makeControls(Object.fromEntries(CONTROL_NAMES.map((name) => [name, look[name]])));
}

/** The look as a query, without what is at its default. */
export function toQuery(look: Look): string {
  const words = new URLSearchParams();
  for (const [name, weight] of Object.entries(look.styles)) words.append("style", `${name}:${Number(weight.toPrecision(6))}`);
  for (const name of CONTROL_NAMES) if (look[name] !== CONTROLS[name][0]) words.append(name, String(Number(look[name].toPrecision(6))));
  return words.toString().replaceAll("%3A", ":");
}

/** Read a query; what cannot be is left out: links come from strangers. */
export function fromQuery(query: string, known: (name: string) => boolean): Look | null {
  const words = new URLSearchParams(query);
  const styles: Record<string, number> = {};
  for (const entry of words.getAll("style").slice(0, 8)) {
    const [name, weight = "1"] = entry.split(":");
    if (name && known(name) && Number(weight) > 0 && Number(weight) <= 1e6) styles[name] = Number(weight);
  }
  if (Object.keys(styles).length === 0) return null;
  const controls: Partial<Record<keyof Controls, number>> = {};
  for (const name of CONTROL_NAMES) {
    const [, low, high] = CONTROLS[name];
    const value = Number(words.get(name) ?? NaN);
    if (value >= low && value <= high) controls[name] = value;
  }
  return makeLook(styles, controls);
}
