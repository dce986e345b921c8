/** How much the brush makes of calm areas, and which colours a draft gets, by style and controls; see `stylize/brushwork.py`. */
import { calmAreas, calmDown } from "./calming.ts";
import { calmShare, colorsOf, contrastOf, inkShare, type Contract } from "./contract.ts";
import { raiseContrast } from "./contrast.ts";
import type { Controls } from "./controls.ts";
import { addGround } from "./ground.ts";
import { paste, type Pixels } from "./pixels.ts";
import { crisp, posterize } from "./posterizing.ts";
import { recolor } from "./recoloring.ts";
import { clamp } from "./rounding.ts";
import type { StyleVector } from "./styles.ts";

const FLAT_FROM = 0.6; // share of a flat style's calm from which on a style begins to be one
const EVEN_REACH = 0.7; // of a picture is calmed at most in the styles with most empty places
const INK_FROM = 0.7; // share of a contract's ink_style from which on a style begins to be one of a few inks
const PARTED = 0.7; // of smoothing everywhere that inks do without: being parted, they are even
const WASHES = 0.7; // of recoloring that is left out in calm areas with most brushwork

/** Put the ground under a draft. */
export function ground(picture: Pixels, contract: Contract, style: StyleVector, controls: Controls): Pixels {
  return addGround(picture, contract.ground_levels * groundShare(contract, style, controls), contract.ground_seed);
}

/** Return how much ground there is: little for ink and flat colour, but all at the end of the slider. */
function groundShare(contract: Contract, style: StyleVector, { brushwork }: Controls): number {
  const calm = calmShare(contract, style.values) / contract.calm_style;
  const usual = Math.max(contract.least_brushwork, 1 - calm);
  return brushwork <= 1 ? usual * brushwork : usual + (brushwork - 1) * (2 - usual);
}

/** Smooth what was painted on calm areas of a content, where there is little ground, and in flat styles everywhere. */
export function calm(painted: Pixels, content: Pixels, contract: Contract, style: StyleVector, controls: Controls): void {
  const styleCalm = calmShare(contract, style.values);
  const leftOut = (1 - groundShare(contract, style, controls)) / (1 - contract.least_brushwork || 1);
  const reach = Math.min(1, contract.calming_reach * styleCalm);
  const atMost = 1 - Math.min(1, controls.brushwork) * (1 - reach);
  const wanted = clamp(2 - controls.brushwork, 0, 1) * controls.strength;
  const flat = (styleCalm / contract.flat_style - FLAT_FROM) / (1 - FLAT_FROM);
  const parted = 1 - PARTED * inking(contract, style, controls);
  const everywhere = contract.calming_flat * clamp(flat, 0, 1) * wanted * restraint(controls) * parted;
  const least = contract.calming_least * wanted;
  const amount = Math.max(contract.calming_share * leftOut, least);
  const even = Math.min(1, styleCalm / contract.calm_style);
  const reached = contract.calming_least_reach * (1 - even) + Math.max(contract.calming_least_reach, EVEN_REACH) * even;
  calmDown(painted, content, amount, least > 0 ? Math.max(atMost, reached) : atMost, everywhere);
}

/**
 * Return how much a picture is to be of ink and paper alone, 0 to 1: a broad brush paints over them. Of that
 * `posterizing_share` is parted in the draft; the brush revises as much less.
 */
export function inking(contract: Contract, style: StyleVector, { brushwork, strength }: Controls): number {
  if (contract.posterizing_share === 0 || colorsOf(contract, style.values) === null) return 0;
  const inks = (inkShare(contract, style.values) / contract.ink_style - INK_FROM) / (1 - INK_FROM);
  return clamp(inks, 0, 1) * Math.min(1, 2 - brushwork) * strength;
}

/** Return what keeps the edges of inks crisp in an enlarged painting, in place; `amount` of `inking`; null: there are none. */
export function edges(contract: Contract, style: StyleVector, amount: number): ((picture: Pixels) => void) | null {
  const colors = colorsOf(contract, style.values);
  return amount > 0 && colors !== null ? crisp(colors, amount) : null;
}

/** Return how much is done against strokes and colours that are the network's alone, 0 to 1; see `stylize/brushwork.py`. */
function restraint(controls: Controls): number {
  return Math.min(1, 1 / controls.style_weight);
}

/** Give a draft, in place, the colours that its content has in the style, or its inks, and the contrast of the style. */
export function seeToColors(draft: Pixels, content: Pixels, contract: Contract, style: StyleVector, controls: Controls): void {
  const colors = colorsOf(contract, style.values);
  if (colors === null) return;
  const before = { ...draft, data: draft.data.slice() };
  recolor(draft, content, colors, contract.recoloring_share * restraint(controls), controls.strength);
  const washes = clamp(controls.brushwork - 1, 0, 1); // they are broad differences, too
  if (washes > 0) paste(draft, before, calmAreas(content, WASHES * washes));
  posterize(draft, content, colors, contract.posterizing_share * inking(contract, style, controls));
  const contrast = contrastOf(contract, style.values);
  if (contrast !== null) raiseContrast(draft, content, contrast, contract.contrast_share * controls.strength);
}
