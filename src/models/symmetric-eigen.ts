/**
 * Eigenvalues and eigenvectors of a symmetric matrix, by cyclic Jacobi rotations: short, exact to rounding,
 * and fast enough for the few hundred dimensions it is used with.
 *
 * @source Golub and Van Loan, "Matrix Computations", §8.5
 */

const MAX_SWEEPS = 30;

/**
 * Decomposes `matrix` [n, n], row-major.
 *
 * @returns `values` [n], largest first, and `vectors` [n, n] whose row `i` is the unit eigenvector of value `i`
 */
export function symmetricEigen(matrix: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  const a = Float64Array.from(matrix);
  const v = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  const scale = norm(a);
  for (let sweep = 0; sweep < MAX_SWEEPS && offDiagonal(a, n) > 1e-12 * scale; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) rotate(a, v, { n, p, q });
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => (a[j * n + j] ?? 0) - (a[i * n + i] ?? 0));
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    vectors.set(v.subarray(from * n, (from + 1) * n), to * n);
  });
  return { values: Float64Array.from(order, (i) => a[i * n + i] ?? 0), vectors };
}

/** Zeroes a[p, q] by a rotation of rows and columns p and q; rows of v collect the eigenvectors. */
function rotate(a: Float64Array, v: Float64Array, { n, p, q }: { n: number; p: number; q: number }): void {
  const [rowP, rowQ] = [p * n, q * n];
  const apq = a[rowP + q] as number; // p and q are below n
  if (apq === 0) return;
  const theta = ((a[rowQ + q] as number) - (a[rowP + p] as number)) / (2 * apq);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  const [app, aqq] = [a[rowP + p] as number, a[rowQ + q] as number];
  for (let i = 0; i < n; i++) {
    // Rows are rotated in order of memory; the columns are their mirror.
    const [pi, qi] = [a[rowP + i] as number, a[rowQ + i] as number];
    const [newP, newQ] = [c * pi - s * qi, s * pi + c * qi];
    a[rowP + i] = newP;
    a[rowQ + i] = newQ;
    a[i * n + p] = newP;
    a[i * n + q] = newQ;
    const [vp, vq] = [v[rowP + i] as number, v[rowQ + i] as number];
    v[rowP + i] = c * vp - s * vq;
    v[rowQ + i] = s * vp + c * vq;
  }
  a[rowP + p] = app - t * apq;
  a[rowQ + q] = aqq + t * apq;
  a[rowP + q] = 0;
  a[rowQ + p] = 0;
}

function norm(a: Float64Array): number {
  return Math.sqrt(a.reduce((sum, value) => sum + value * value, 0));
}

function offDiagonal(a: Float64Array, n: number): number {
  return Math.sqrt(a.reduce((sum, value, i) => (i % (n + 1) === 0 ? sum : sum + value * value), 0));
}
