/**
 * How each operation of `src/tensor` is built from the tensors and settings of a case, and the cases: inputs and what
 * PyTorch computes of them in 64 bits, by test/reference/ops_reference.py.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tensor from "../../src/tensor/index.ts";

type Graph = tensor.Graph;
type GraphTensor = tensor.GraphTensor;

/** A tensor of a fixture. */
export interface StoredValues {
  readonly type: "float32" | "int32";
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Tensors by name. */
export type Named = Readonly<Record<string, StoredValues>>;

/** A case of an operation; primitives have no gradients, and what flows into them is absent. */
export interface OpCase {
  readonly inputs: Named;
  readonly constants: Named;
  readonly settings: Settings;
  readonly output: StoredValues;
  readonly upstream?: StoredValues;
  readonly gradients?: Named;
}

/** What operations are told beside tensors; each case has those of its operation. */
interface Settings {
  readonly alpha?: number;
  readonly axis: number;
  readonly batch: number;
  readonly chunkRows?: number;
  readonly epsilon: number;
  readonly frequencies: readonly number[];
  readonly function: Parameters<typeof tensor.primitives.map>[1];
  readonly headSize: number;
  readonly lengths: readonly number[];
  readonly order: readonly number[];
  readonly rate?: number;
  readonly reduction: Parameters<typeof tensor.primitives.reduce>[1];
  readonly scale: number;
  readonly shape: readonly number[];
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** Adds the operation to a graph; `t` gives its tensors by name. */
export type BuildOp = (graph: Graph, t: (name: string) => GraphTensor, settings: Settings) => GraphTensor;

const { primitives } = tensor;

/** Every operation that the room's door exports, by its name there. */
export const BUILDERS: Readonly<Record<string, BuildOp>> = {
  linear: (g, t) => tensor.linear(g, t("x"), t("w")),
  addBias: (g, t) => tensor.addBias(g, t("x"), t("bias")),
  residual: (g, t) => tensor.residual(g, t("x"), t("y")),
  loraLinear(g, t, { scale, rate }) {
    const dropout = rate !== undefined && { dropout: { rows: t("rows"), columns: t("columns"), rate } };
    return tensor.loraLinear(g, t("x"), t("w"), { a: t("a"), b: t("b"), scale, ...dropout });
  },
  swiglu: (g, t) => tensor.swiglu(g, t("gate"), t("up")),
  embedding: (g, t) => tensor.embedding(g, t("table"), t("ids")),
  rmsNorm: (g, t, { epsilon }) => tensor.rmsNorm(g, t("x"), t("gain"), epsilon),
  splitHeads: (g, t, { batch, headSize }) => tensor.splitHeads(g, t("x"), batch, headSize),
  mergeHeads: (g, t) => tensor.mergeHeads(g, t("x")),
  rope: (g, t, { frequencies }) => tensor.rope(g, t("x"), frequencies),
  attention: (g, t) => tensor.attention(g, { q: t("q"), k: t("k"), v: t("v"), mask: t("mask") }),
  crossEntropy(g, t, { chunkRows }) {
    const inputs = { x: t("x"), table: t("table"), targets: t("targets"), weights: t("weights") };
    return tensor.crossEntropy(g, inputs, chunkRows);
  },
  logProbabilities(g, t, { chunkRows }) {
    return tensor.logProbabilities(g, { x: t("x"), table: t("table"), targets: t("targets") }, chunkRows);
  },
  checkpoint(g, t) {
    return tensor.checkpoint(g, t("x"), (x) => {
      const h = tensor.rmsNorm(g, x, t("gain"), 1e-5);
      const gated = tensor.swiglu(g, tensor.linear(g, h, t("gate")), tensor.linear(g, h, t("up")));
      return tensor.residual(g, x, tensor.linear(g, gated, t("down")));
    });
  },
  "primitives.add": (g, t) => primitives.add(g, t("a"), t("b")),
  "primitives.subtract": (g, t) => primitives.subtract(g, t("a"), t("b")),
  "primitives.multiply": (g, t) => primitives.multiply(g, t("a"), t("b")),
  "primitives.matmul": (g, t, settings) => primitives.matmul(g, t("a"), t("b"), settings),
  "primitives.matmulAdd": (g, t, settings) => primitives.matmulAdd(g, [t("a"), t("b"), t("c")], settings),
  "primitives.map": (g, t, settings) => primitives.map(g, settings.function, t("x")),
  "primitives.softmax": (g, t) => primitives.softmax(g, t("x")),
  "primitives.reduce": (g, t, { reduction, axis }) => primitives.reduce(g, reduction, t("x"), axis),
  "primitives.total": (g, t) => primitives.total(g, t("x")),
  "primitives.reshape": (g, t, { shape }) => primitives.reshape(g, t("x"), shape),
  "primitives.transpose": (g, t, { order }) => primitives.transpose(g, t("x"), order),
  "primitives.split": (g, t, { lengths }) => primitives.split(g, t("x"), lengths)[1] ?? t("x"),
  "primitives.concatenate": (g, t) => primitives.concatenate(g, [t("a"), t("b")]),
  "primitives.gatherRows": (g, t) => primitives.gatherRows(g, t("table"), t("ids")),
  "primitives.scatterRows": (g, t) => primitives.scatterRows(g, t("ids"), t("rows"), [5, 3]),
};

/** Of test/fixtures/ops.json, by what they show; the first word is the operation. */
export const CASES: Readonly<Record<string, OpCase>> = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/ops.json"), "utf8"),
).cases;

/** The operation of a case. */
export function opOf(caseName: string): string {
  return /^[\w.]+/.exec(caseName)?.[0] ?? "";
}
