/**
 * Pixels of a picture: four bytes each (red, green, blue, alpha), rows from the top, as ImageData
 * has them. Where a picture is known to be opaque, nobody looks at the fourth byte.
 */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** Left, top, right and bottom of a part, in pixels; right and bottom are just outside of it. */
export type Box = readonly [number, number, number, number];

export type Size = readonly [width: number, height: number];

/** Return a picture that is black and transparent. */
export function blank(width: number, height: number): Pixels {
  return { width, height, data: new Uint8ClampedArray(4 * width * height) };
}

/** Return a part of a picture; the box must lie inside of it. */
export function crop(picture: Pixels, [left, top, right, bottom]: Box): Pixels {
  const part = blank(right - left, bottom - top);
  for (let y = 0; y < part.height; y++) {
    const start = 4 * ((top + y) * picture.width + left);
    part.data.set(picture.data.subarray(start, start + 4 * part.width), 4 * y * part.width);
  }
  return part;
}

/** Lay a picture over another one, in place, by so many 255ths as the red of a mask says; the mask may be larger. */
export function paste({ width, height, data }: Pixels, over: Pixels, mask: Pixels): void {
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      const share = mask.data[4 * (y * mask.width + x)]!;
      if (share === 0) continue;
      for (let channel = at; channel < at + 3; channel++) {
        const sum = data[channel]! * (255 - share) + over.data[channel]! * share + 128;
        data[channel] = ((sum >> 8) + sum) >> 8;
      }
    }
  }
}

/** Return the luma of every pixel (Rec. 601), rounded as Pillow does. */
export function lumaOf({ width, height, data }: Pixels): Uint8Array {
  const luma = new Uint8Array(width * height);
  for (let pixel = 0, at = 0; pixel < luma.length; pixel++, at += 4) {
    luma[pixel] = (19595 * data[at]! + 38470 * data[at + 1]! + 7471 * data[at + 2]! + 0x8000) >> 16;
  }
  return luma;
}

/** Is no pixel transparent, not even in part? */
export function isOpaque({ data }: Pixels): boolean {
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 255) return false;
  return true;
}

/** Return a picture as it looks on white paper. */
export function onWhite(picture: Pixels): Pixels {
  const result = blank(picture.width, picture.height);
  const { data } = picture;
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3]!;
    for (let channel = 0; channel < 3; channel++) {
      result.data[at + channel] = (data[at + channel]! * alpha + 255 * (255 - alpha)) / 255;
    }
    result.data[at + 3] = 255;
  }
  return result;
}

/**
 * Return an opaque picture: what nobody sees of the given one gets the mean colour of what one
 * does see, so that it decides nothing.
 */
export function visibleColors(picture: Pixels): Pixels {
  const { data } = picture;
  const result = blank(picture.width, picture.height);
  const sums = [0, 0, 0];
  let seen = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 0) continue;
    seen++;
    for (let channel = 0; channel < 3; channel++) sums[channel]! += data[at + channel]!;
  }
  const hidden = seen > 0 ? sums.map((sum) => Math.round(sum / seen)) : null;
  for (let at = 0; at < data.length; at += 4) {
    const unseen = data[at + 3] === 0 && hidden !== null;
    for (let channel = 0; channel < 3; channel++) {
      result.data[at + channel] = unseen ? hidden[channel]! : data[at + channel]!;
    }
    result.data[at + 3] = 255;
  }
  return result;
}
