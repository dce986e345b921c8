/** Tabs with the keys that one expects of them. */
import { make } from "./page.ts";

/** @param parts Title, content, and what is to be told when it comes into sight or leaves it. */
export function tabs(id: string, parts: readonly (readonly [string, HTMLElement, ((on: boolean) => void)?])[]): HTMLElement {
  const panels = parts.map(([title, content], index) =>
    make("div", { role: "tabpanel", id: `${id}-${index}`, "aria-label": title, hidden: index > 0 }, content) as HTMLElement);
  const heads = parts.map(([title], index) =>
    make("button", { type: "button", role: "tab", "aria-controls": `${id}-${index}`, "aria-selected": String(index === 0), tabindex: index ? -1 : 0, onclick: () => choose(index) }, title) as HTMLElement);
  let at = 0;
  const choose = (index: number): void => {
    if (index === at) return;
    const before = at;
    at = index;
    heads.forEach((head, one) => {
      head.setAttribute("aria-selected", String(one === at));
      head.tabIndex = one === at ? 0 : -1;
      panels[one]!.hidden = one !== at;
    });
    parts[before]![2]?.(false);
    parts[at]![2]?.(true);
  };
  const list = make("div", { role: "tablist", class: "st-tabs", onkeydown: (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    choose((at + step + parts.length) % parts.length);
    heads[at]!.focus();
  } }, ...heads);
  return make("div", { id }, list, ...panels);
}
