/** The sliders of all controls, and the presets. */
import { CONTROL_NAMES, CONTROLS, makeControls, type Controls } from "../engine/index.ts";
import { make, text } from "./page.ts";
import type { Site } from "./site.ts";

const STEP = 0.05;

export class ControlsPanel {
  readonly element: HTMLElement;
  private readonly fields = new Map<keyof Controls, [HTMLInputElement, HTMLInputElement]>();

  /** @param changed Called when the visitor has changed a value. */
  constructor(site: Site, private readonly changed: () => void, surprise: () => void) {
    const presets = Object.entries(site.presets).map(([name, values]) =>
      make("button", { type: "button", class: "st-button", onclick: () => { this.show(makeControls(values)); changed(); } }, text(`preset_${name}`)),
    );
    const dice = make("button", { type: "button", id: "dice", class: "st-button", onclick: surprise }, text("surprise"));
    const others = CONTROL_NAMES.filter((name) => !site.main_controls.includes(name));
    this.element = make("section", { class: "st-panel st-controls-panel", "aria-label": text("more_controls") },
      make("div", { class: "st-presets", role: "group", "aria-label": text("presets") }, ...presets, dice),
      ...site.main_controls.map((name) => this.slider(name, false)),
      make("details", { class: "st-more" }, make("summary", {}, text("more_controls")), ...others.map((name) => this.slider(name, true))));
    this.show(makeControls());
  }

  get values(): Controls {
    return makeControls(Object.fromEntries([...this.fields].map(([name, [range]]) => [name, Number(range.value)])));
  }

  show(controls: Controls): void {
    for (const name of CONTROL_NAMES) this.set(name, controls[name]);
  }

  private set(name: keyof Controls, value: number): void {
    const [low, high] = [CONTROLS[name][1], CONTROLS[name][2]];
    const [range, number] = this.fields.get(name)!;
    const inside = Math.min(high, Math.max(low, Number.isFinite(value) ? value : CONTROLS[name][0]));
    range.value = number.value = String(Number(inside.toFixed(3)));
    range.style.setProperty("--at", `${(100 * (inside - low)) / (high - low)}%`);
  }

  private slider(name: keyof Controls, explained: boolean): HTMLElement {
    const [, min, max] = CONTROLS[name];
    const input = (type: string, listens: string): HTMLInputElement =>
      make("input", { type, min, max, step: type === "range" ? STEP : "any", "aria-label": text(name), [listens]: (event: Event) => {
        this.set(name, Number((event.target as HTMLInputElement).value));
        this.changed();
      } });
    const range = input("range", "oninput");
    const number = input("number", "onchange");
    this.fields.set(name, [range, number]);
    range.addEventListener("dblclick", () => { this.set(name, CONTROLS[name][0]); this.changed(); });
    return make("div", { class: "st-slider", id: `control-${name}` },
      make("div", { class: "head" }, make("label", {}, make("span", {}, text(name))), number),
      explained ? make("p", { class: "info-text" }, text(`${name}_info`)) : null, range);
  }
}
