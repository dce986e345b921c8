/**
 * The plan of a picture: from a draft of a fixed size, by doublings, to its full size. See
 * `stylize/plan.py` for the reasons and the papers.
 */
import type { Contract } from "./contract.ts";
import type { Size } from "./pixels.ts";
import { roundHalfEven } from "./rounding.ts";

const LONGEST_SIDES = 2; // of a picture whose longer side is seen at once
const LARGEST_ENLARGEMENT = 4; // of tiny pictures for the draft
const NEARLY = 1.02; // a draft that is so close to the full size needs no revision

/** One step from a painting to a larger one. */
export interface Revision {
  readonly size: Size;
  /** The content is scaled down to the size by `2 ** exponent`. */
  readonly exponent: number;
  /** Of the network's revision in the result; below 1 where the step is less than a doubling. */
  readonly share: number;
}

export interface Plan {
  readonly full: Size;
  /** Multiples of the grid. */
  readonly draft: Size;
  /** From small to large; none if the draft is about as large as the picture. */
  readonly revisions: readonly Revision[];
}

/** Return the longer side of a picture, or of the part of a long one that is seen at once. */
function seenSide(size: Size): number {
  return Math.min(Math.max(...size), LONGEST_SIDES * Math.min(...size));
}

/** Scale a size to multiples of the grid, at least two of them. */
export function onGrid(size: Size, scale: number, grid: number): Size {
  const side = (px: number): number => Math.max(2 * grid, grid * roundHalfEven((px * scale) / grid));
  return [side(size[0]), side(size[1])];
}

/** Halve a size so often, rounding up. */
function shrink([width, height]: Size, exponent: number): Size {
  return [Math.ceil(width / 2 ** exponent), Math.ceil(height / 2 ** exponent)];
}

/** Plan a picture. Larger strokes make the draft smaller. */
export function makePlan(size: Size, contract: Contract, strokeSize = 1): Plan {
  const scale = Math.min(LARGEST_ENLARGEMENT, contract.draft_side_px / strokeSize / seenSide(size));
  const draft = onGrid(size, scale, contract.grid_px);
  const revisions: Revision[] = [];
  for (let exponent = 0; ; exponent++) {
    const level = shrink(size, exponent);
    const ratio = Math.min(level[0] / draft[0], level[1] / draft[1]);
    if (ratio <= NEARLY) break;
    revisions.unshift({ size: level, exponent, share: Math.min(1, Math.log2(ratio)) ** 2 });
  }
  return { full: size, draft, revisions };
}

/** Return the size at which the statistics of a picture are measured. */
export function thumbnailSize(size: Size, contract: Contract): Size {
  const seen = seenSide(size);
  const wanted = Math.max(contract.thumbnail_min_px, seen / 2);
  return onGrid(size, Math.min(seen, contract.thumbnail_max_px, wanted) / seen, contract.grid_px);
}

/** Return how much larger a picture is than the thumbnail on which it is measured. */
export function zoomOf(size: Size, contract: Contract): number {
  const thumbnail = Math.max(...thumbnailSize(size, contract));
  return Math.min(contract.max_zoom, Math.max(1, Math.max(...size) / thumbnail));
}
