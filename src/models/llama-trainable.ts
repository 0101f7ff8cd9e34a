/**
 * A Llama model as something to train: all of its weights, or LoRA matrices beside frozen ones.
 * The graph is built here and runs in a thread of its own.
 */

import type { LoraConfig, ParameterTensor, TokenBatch, TrainableModel } from "../contracts/models.ts";
import { createRandom } from "../core/random.ts";
import {
  type CompiledGraph,
  type Dropout,
  fillNoise,
  flatGradient,
  flatParameters,
  flatSize,
  Graph,
  type GraphTensor,
  layOut,
  linear,
  loraLinear,
  openThreadSession,
  primitives,
  type TensorArray,
  type TensorSession,
  type Weight,
} from "../tensor/index.ts";
import { fillMasks } from "./attention-masks.ts";
import { int8Frozen, int8FrozenInputs } from "./int8-frozen.ts";
import {
  type LlamaConfig,
  llamaTensors,
  PROJECTIONS,
  type Projection,
  projectionModule,
  projectionShape,
} from "./llama-config.ts";
import { BatchShapeError, UnknownProjectionError } from "./llama-errors.ts";
import { type LlamaParts, llamaInputs, llamaLogProbabilities, llamaLoss, plainParts } from "./llama-graph.ts";
import { fillLoraA, type Weights, weightOf } from "./llama-weights.ts";

/** A model and the shape of the batches that it will be trained on. */
export interface TrainableOptions {
  readonly config: LlamaConfig;
  readonly weights: Weights;
  /** Sequences and tokens of every batch. */
  readonly batch: number;
  readonly time: number;
  /** Threads of one operation. Default 2. */
  readonly threads?: number;
  /** Less memory for more time: layers are computed again on the way back. Default false. */
  readonly checkpointing?: boolean;
}

/** The same for LoRA matrices beside the model. */
export interface LoraTrainableOptions extends TrainableOptions {
  readonly lora: LoraConfig;
  /** Draws the A matrices. */
  readonly seed: number;
  /** How frozen projections are multiplied. Default float32. */
  readonly frozen?: FrozenPrecision;
}

/** By 32-bit floats, or through the processor's units for 8-bit integers. */
export type FrozenPrecision = "float32" | "int8";

/** What one graph is built from beside the frozen weights. */
interface GraphParts {
  /** The trained tensors by name. */
  readonly parameters: ReadonlyMap<string, GraphTensor>;
  /** The dropout of a module of LoRA, in a graph that drops. */
  dropout(module: string): Dropout | undefined;
}

/** Makes the parts of the forward pass. */
type PartsOf = (graph: Graph, parts: GraphParts) => LlamaParts;

/**
 * Every weight of a Llama model, ready to train; `parameters` starts as a copy of `weights`, on shared memory.
 * One call at a time; the gradient that a call returns is overwritten by the next.
 *
 * @throws {MissingWeightError} when a weight is absent or of another size than the configuration says
 */
export function openFullTrainable(options: TrainableOptions): Promise<TrainableModel> {
  const layout = layOut(llamaTensors(options.config));
  const parameters = sharedParameters(layout);
  for (const { name, offset, shape } of layout) parameters.set(weightOf(options.weights, name, shape), offset);
  return openTrainable(options, { layout, parameters }, (graph, parts) =>
    plainParts(graph, (name) => parts.parameters.get(name) ?? frozen(graph, options.config, name)),
  );
}

/**
 * LoRA matrices on frozen weights, ready to train: for every layer and target module, in Hugging Face's order,
 * `<module>.lora_A.weight` [r, in] drawn by `seed` and `<module>.lora_B.weight` [out, r] of zeros.
 * `parameters` is on shared memory. One call at a time; the gradient that a call returns is overwritten by the next.
 *
 * @throws {UnknownProjectionError} when a target module is not one of the seven projections
 * @throws {MissingWeightError} when a weight is absent or of another size than the configuration says
 */
export function openLoraTrainable(options: LoraTrainableOptions): Promise<TrainableModel> {
  const { config, lora } = options;
  const targets = lora.targetModules.map(toProjection);
  const layout = layOut(loraTensors(config, lora.r, targets));
  const parameters = sharedParameters(layout);
  const random = createRandom(options.seed);
  for (const { name, shape, offset } of layout) {
    const [rows = 0, columns = 0] = shape;
    if (name.endsWith("lora_A.weight")) {
      fillLoraA(parameters.subarray(offset, offset + rows * columns), columns, random.next);
    }
  }
  const { frozen: precision = "float32" } = options;
  return openTrainable(
    options,
    { layout, parameters, lora, frozen: precision },
    (graph, { parameters: tensors, dropout }) => {
      const weight = (name: string): GraphTensor => frozen(graph, config, name);
      const matrix = (name: string, projection: Projection): Weight =>
        precision === "int8" ? int8Frozen(graph, name, projectionShape(config, projection)) : weight(name);
      return {
        weight,
        project(x, layer, projection) {
          const module = projectionModule(layer, projection);
          const w = matrix(`${module}.weight`, projection);
          const a = tensors.get(`${module}.lora_A.weight`);
          const b = tensors.get(`${module}.lora_B.weight`);
          if (!a || !b) return linear(graph, x, w);
          const dropped = dropout(module);
          const matrices = { a, b, scale: lora.alpha / lora.r, ...(dropped ? { dropout: dropped } : {}) };
          return loraLinear(graph, x, w, matrices);
        },
      };
    },
  );
}

/** The parameters of a trainable, and the adapter that they are, if they are one. */
interface Trained extends Pick<TrainableModel, "parameters" | "layout"> {
  readonly lora?: LoraConfig;
  readonly frozen?: FrozenPrecision;
}

async function openTrainable(options: TrainableOptions, trained: Trained, partsOf: PartsOf): Promise<TrainableModel> {
  const { parameters, layout } = trained;
  const sessionOptions = {
    inputs: { parameters, ...Object.fromEntries(frozenWeights(options, trained)) },
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  };
  const noiseSize = noiseSizeOf(trained, options);
  const training = await openThreadSession(trainingGraph(options, trained, partsOf), sessionOptions);
  // Probabilities alone have a smaller graph; it is opened when it is first asked for.
  let evaluating: Promise<TensorSession> | undefined;
  const logProbabilities = async (batch: TokenBatch): Promise<Float32Array> => {
    evaluating ??= openThreadSession(evaluationGraph(options, trained, partsOf), sessionOptions);
    const session = await evaluating;
    feed(session, batch, options);
    await session.run();
    return session.output("logProbabilities", Float32Array);
  };
  return {
    parameters,
    layout,
    async lossAndGradient(batch, { dropoutSeed = 0 } = {}) {
      feed(training, batch, options);
      training.input("weights", Float32Array).set(batch.weights);
      if (noiseSize > 0) fillNoise(training.input("noise", Int32Array), dropoutSeed);
      await training.run();
      const loss = training.output("loss", Float32Array)[0] ?? Number.NaN;
      return { loss, gradient: training.output("gradient", Float32Array) };
    },
    async loss(batch) {
      const found = await logProbabilities(batch);
      return batch.weights.reduce((sum, weight, i) => (weight === 0 ? sum : sum - weight * (found[i] ?? 0)), 0);
    },
    logProbabilities: async (batch) => (await logProbabilities(batch)).slice(),
    async close() {
      await training.close();
      await (await evaluating)?.close();
    },
  };
}

function trainingGraph(options: TrainableOptions, trained: Trained, partsOf: PartsOf): CompiledGraph {
  const graph = new Graph();
  const parameters = flatParameters(graph, trained.layout);
  const inputs = llamaInputs(graph, options.config, options);
  const parts = partsOf(graph, { parameters, dropout: dropouts(graph, trained, options) });
  const checkpointing = options.checkpointing ?? false;
  const loss = llamaLoss(graph, options.config, inputs, { ...parts, checkpointing });
  return graph.compile({ loss, gradient: flatGradient(graph, loss, parameters) });
}

function evaluationGraph(options: TrainableOptions, trained: Trained, partsOf: PartsOf): CompiledGraph {
  const graph = new Graph();
  const parameters = flatParameters(graph, trained.layout);
  const inputs = llamaInputs(graph, options.config, options);
  const parts = partsOf(graph, { parameters, dropout: () => undefined });
  return graph.compile({ logProbabilities: llamaLogProbabilities(graph, options.config, inputs, parts) });
}

/** Cuts the input `noise`, which it declares where there is dropout, into that of each adapted module. */
function dropouts(graph: Graph, trained: Trained, options: TrainableOptions): GraphParts["dropout"] {
  const size = noiseSizeOf(trained, options);
  if (size === 0) return () => undefined;
  const [modules, rows] = [adaptedModules(trained), options.batch * options.time];
  const noise = graph.input("noise", [size], "int32");
  const pieces = primitives.split(
    graph,
    noise,
    modules.flatMap(({ into }) => [rows, into]),
  );
  const found = modules.map(({ module, into }, i) => {
    const [ofRows = noise, ofColumns = noise] = pieces.slice(2 * i);
    return [
      module,
      {
        rows: primitives.reshape(graph, ofRows, [rows, 1]),
        columns: primitives.reshape(graph, ofColumns, [1, into]),
        rate: trained.lora?.dropout ?? 0,
      },
    ] as const;
  });
  const byModule = new Map<string, Dropout>(found);
  return (module) => byModule.get(module);
}

/** Integers of noise that one step's dropout needs. */
function noiseSizeOf(trained: Trained, { batch, time }: TrainableOptions): number {
  if (!trained.lora?.dropout) return 0;
  return adaptedModules(trained).reduce((sum, { into }) => sum + batch * time + into, 0);
}

function adaptedModules({ layout }: Trained): { module: string; into: number }[] {
  const suffix = ".lora_A.weight";
  return layout
    .filter(({ name }) => name.endsWith(suffix))
    .map(({ name, shape }) => ({ module: name.slice(0, -suffix.length), into: shape[1] ?? 0 }));
}

function feed(session: TensorSession, batch: TokenBatch, options: TrainableOptions): void {
  if (batch.batch !== options.batch || batch.time !== options.time) throw new BatchShapeError(batch, options);
  session.input("ids", Int32Array).set(batch.inputs);
  session.input("targets", Int32Array).set(batch.targets);
  fillMasks(session, options.config, batch);
}

function sharedParameters(layout: readonly ParameterTensor[]): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * flatSize(layout)));
}

function loraTensors(
  config: LlamaConfig,
  r: number,
  targets: readonly Projection[],
): Record<string, readonly number[]> {
  const wanted = PROJECTIONS.filter((projection) => targets.includes(projection));
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) =>
    wanted.flatMap((projection) => {
      const [out, into] = projectionShape(config, projection);
      const module = projectionModule(layer, projection);
      return [
        [`${module}.lora_A.weight`, [r, into]],
        [`${module}.lora_B.weight`, [out, r]],
      ] as const;
    }),
  );
  return Object.fromEntries(layers.flat());
}

/**
 * The frozen weights, which are inputs on memory that all sessions read. As constants of each graph they would be
 * multiplied faster, for the runtime lays them out anew; but it would hold copies of them, one a direction,
 * and a graph may have 2 GB.
 */
function frozenWeights(
  options: TrainableOptions,
  { layout, frozen }: Pick<Trained, "layout" | "frozen">,
): (readonly [string, TensorArray])[] {
  const trained = new Set(layout.map(({ name }) => name));
  return Object.entries(llamaTensors(options.config))
    .filter(([name]) => !trained.has(name))
    .flatMap(([name, shape]): (readonly [string, TensorArray])[] => {
      const weight = weightOf(options.weights, name, shape);
      if (frozen === "int8" && isProjection(name)) return int8FrozenInputs(name, weight, shape);
      if (weight.buffer instanceof SharedArrayBuffer) return [[name, weight]];
      const shared = new Float32Array(new SharedArrayBuffer(weight.byteLength));
      shared.set(weight);
      return [[name, shared]];
    });
}

function frozen(graph: Graph, config: LlamaConfig, name: string): GraphTensor {
  return graph.input(name, llamaTensors(config)[name] ?? []);
}

function isProjection(weightName: string): boolean {
  return PROJECTIONS.some((projection) => weightName.endsWith(`.${projection}.weight`));
}

function toProjection(name: string): Projection {
  const projection = PROJECTIONS.find((known) => known === name);
  if (!projection) throw new UnknownProjectionError(name);
  return projection;
}
