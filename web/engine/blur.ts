/** Pillow's Gaussian blur: three box blurs of a fractional width in each direction (Gwosdek et al., 2011). */

const PASSES = 3;
const ONE = 2 ** 24;

/**
 * Blur bytes.
 *
 * @param values `channels` bytes a pixel, row by row.
 * @param deviation Standard deviation in pixels.
 */
export function gaussianBlur(values: Uint8Array, width: number, height: number, channels: number, deviation: number): Uint8Array {
  const radius = boxRadius(deviation);
  const result = values.slice();
  const rowLength = width * channels;
  for (let y = 0; y < height; y++) {
    for (let channel = 0; channel < channels; channel++) blurLine(result, y * rowLength + channel, channels, width, radius);
  }
  for (let x = 0; x < rowLength; x++) blurLine(result, x, rowLength, height, radius);
  return result;
}

/** Return the radius of the boxes whose repetition comes close to a Gaussian. */
function boxRadius(deviation: number): number {
  const variance = deviation ** 2 / PASSES;
  const whole = Math.floor((Math.sqrt(12 * variance + 1) - 1) / 2);
  const part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
  return whole + part / (6 * (variance - (whole + 1) ** 2));
}

/** Blur one row or column in place, borders repeated. */
function blurLine(values: Uint8Array, start: number, step: number, length: number, radius: number): void {
  const whole = Math.trunc(radius);
  const inner = Math.trunc(ONE / (2 * radius + 1));
  const outer = Math.trunc((ONE - (2 * whole + 1) * inner) / 2);
  const line = new Uint8Array(length);
  const at = (index: number): number => line[index < 0 ? 0 : index >= length ? length - 1 : index]!;
  for (let pass = 0; pass < PASSES; pass++) {
    for (let index = 0; index < length; index++) line[index] = values[start + index * step]!;
    let sum = 0;
    for (let index = -whole; index <= whole; index++) sum += at(index);
    for (let index = 0; index < length; index++) {
      const edges = at(index - whole - 1) + at(index + whole + 1);
      values[start + index * step] = Math.floor((sum * inner + edges * outer + ONE / 2) / ONE);
      sum += at(index + whole + 1) - at(index - whole);
    }
  }
}
