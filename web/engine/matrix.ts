/** Powers of small symmetric matrices. */
export type Matrix = readonly (readonly number[])[];

export function product(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
}

/** Return a power of a symmetric, positive semi-definite matrix, its eigenvalues at least `floor`. */
export function matrixPower(matrix: Matrix, exponent: number, floor: number): Matrix {
  const { values, vectors } = eigen(matrix);
  const powers = values.map((value) => Math.max(value, floor) ** exponent);
  return matrix.map((_, i) =>
    matrix.map((__, j) => powers.reduce((sum, power, k) => sum + vectors[i]![k]! * power * vectors[j]![k]!, 0)),
  );
}

/**
 * Return the matrix between two covariances that moves colours the least (Monge-Kantorovich).
 *
 * @param floor Variance below which there is nothing but noise in the source.
 */
export function leastMotion(source: Matrix, target: Matrix, floor: number): Matrix {
  const [root, inverse] = [matrixPower(source, 0.5, floor), matrixPower(source, -0.5, floor)];
  const between = matrixPower(product(product(root, target), root), 0.5, 0);
  return product(product(inverse, between), inverse);
}

/** Eigenvalues and, as columns, eigenvectors of a symmetric matrix, by Jacobi's rotations. */
export function eigen(matrix: Matrix): { values: number[]; vectors: Matrix } {
  const size = matrix.length;
  const a = matrix.map((row) => [...row]);
  const vectors = a.map((_, i) => a.map((__, j) => Number(i === j)));
  for (let sweep = 0; sweep < 32; sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        if (Math.abs(a[p]![q]!) < 1e-18) continue;
        const angle = 0.5 * Math.atan2(2 * a[p]![q]!, a[q]![q]! - a[p]![p]!);
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (const row of [...a, ...vectors]) [row[p], row[q]] = [c * row[p]! - s * row[q]!, s * row[p]! + c * row[q]!];
        const [first, second] = [a[p]!, a[q]!];
        for (let k = 0; k < size; k++) [first[k], second[k]] = [c * first[k]! - s * second[k]!, s * first[k]! + c * second[k]!];
      }
    }
  }
  return { values: a.map((row, i) => row[i]!), vectors };
}
