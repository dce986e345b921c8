/** How alike styles are: the cosine of their vectors, each value divided by its spread over all styles. */

/** Return the standard deviation of each value over some vectors. */
export function spreads(vectors: readonly Float32Array[]): Float64Array {
  const length = vectors[0]?.length ?? 0;
  return Float64Array.from({ length }, (_, index) => {
    const mean = vectors.reduce((sum, vector) => sum + vector[index]!, 0) / vectors.length;
    const variance = vectors.reduce((sum, vector) => sum + (vector[index]! - mean) ** 2, 0) / vectors.length;
    return Math.sqrt(variance) || 1;
  });
}

/** Return 1 for the same style, less the more two differ. */
export function similarity(a: Float32Array, b: Float32Array, spread: Float64Array): number {
  let [both, ofA, ofB] = [0, 0, 0];
  for (let index = 0; index < a.length; index++) {
    const [x, y] = [a[index]! / spread[index]!, b[index]! / spread[index]!];
    both += x * y;
    ofA += x * x;
    ofB += y * y;
  }
  return both / Math.sqrt(ofA * ofB || 1);
}
