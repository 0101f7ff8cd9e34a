/**
 * A Llama model as something to train: all of its weights, or LoRA matrices beside frozen ones.
 * The graph is built here and runs in a thread of its own.
 */

import type { LoraConfig, ParameterTensor, TokenBatch, TrainableModel } from "../contracts/models.ts";
import { createRandom } from "../core/random.ts";
import {
  type CompiledGraph,
  flatGradient,
  flatParameters,
  flatSize,
  Graph,
  type GraphTensor,
  layOut,
  loraLinear,
  openThreadSession,
  type TensorSession,
} from "../tensor/index.ts";
import {
  type LlamaConfig,
  llamaTensors,
  PROJECTIONS,
  type Projection,
  projectionModule,
  projectionShape,
} from "./llama-config.ts";
import { BatchShapeError, UnknownProjectionError } from "./llama-errors.ts";
import { type LlamaParts, llamaInputs, llamaLoss, packedMask, plainParts } from "./llama-graph.ts";
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
}

/** The same for LoRA matrices beside the model. */
export interface LoraTrainableOptions extends TrainableOptions {
  readonly lora: LoraConfig;
  /** Draws the A matrices. */
  readonly seed: number;
}

/** Makes the parts of the forward pass, given the trained tensors as graph tensors. */
type PartsOf = (graph: Graph, parameters: ReadonlyMap<string, GraphTensor>) => LlamaParts;

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
  return openTrainable(options, layout, parameters, (graph, tensors) =>
    plainParts(graph, (name) => tensors.get(name) ?? frozen(graph, options, name)),
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
  return openTrainable(options, layout, parameters, (graph, tensors) => {
    const plain = plainParts(graph, (name) => frozen(graph, options, name));
    return {
      weight: plain.weight,
      project(x, layer, projection) {
        const module = projectionModule(layer, projection);
        const a = tensors.get(`${module}.lora_A.weight`);
        const b = tensors.get(`${module}.lora_B.weight`);
        if (!a || !b) return plain.project(x, layer, projection);
        return loraLinear(graph, x, plain.weight(`${module}.weight`), { a, b, scale: lora.alpha / lora.r });
      },
    };
  });
}

async function openTrainable(
  options: TrainableOptions,
  layout: readonly ParameterTensor[],
  parameters: Float32Array,
  partsOf: PartsOf,
): Promise<TrainableModel> {
  const build = (withGradient: boolean): CompiledGraph => {
    const graph = new Graph();
    const tensors = flatParameters(graph, layout);
    const inputs = llamaInputs(graph, options.batch, options.time);
    const loss = llamaLoss(graph, options.config, inputs, partsOf(graph, tensors));
    return graph.compile(withGradient ? { loss, gradient: flatGradient(graph, loss, tensors) } : { loss });
  };
  const open = (withGradient: boolean): Promise<TensorSession> =>
    openThreadSession(build(withGradient), {
      inputs: { parameters },
      ...(options.threads === undefined ? {} : { threads: options.threads }),
    });
  const training = await open(true);
  // The loss alone has a smaller graph; it is opened when it is first asked for.
  let evaluating: Promise<TensorSession> | undefined;
  const run = async (session: TensorSession, batch: TokenBatch): Promise<number> => {
    feed(session, batch, options);
    await session.run();
    return session.output("loss", Float32Array)[0] ?? Number.NaN;
  };
  return {
    parameters,
    layout,
    async lossAndGradient(batch) {
      const loss = await run(training, batch);
      return { loss, gradient: training.output("gradient", Float32Array) };
    },
    async loss(batch) {
      evaluating ??= open(false);
      return run(await evaluating, batch);
    },
    async close() {
      await training.close();
      await (await evaluating)?.close();
    },
  };
}

function feed(session: TensorSession, batch: TokenBatch, options: TrainableOptions): void {
  if (batch.batch !== options.batch || batch.time !== options.time) throw new BatchShapeError(batch, options);
  session.input("ids", Int32Array).set(batch.inputs);
  session.input("targets", Int32Array).set(batch.targets);
  session.input("weights", Float32Array).set(batch.weights);
  packedMask(session.input("mask", Float32Array), batch.inputs, batch.time, options.config.bos_token_id);
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

function frozen(graph: Graph, { config, weights }: TrainableOptions, name: string): GraphTensor {
  const shape = llamaTensors(config)[name] ?? [];
  return graph.constant(name, shape, weightOf(weights, name, shape));
}

function toProjection(name: string): Projection {
  const projection = PROJECTIONS.find((known) => known === name);
  if (!projection) throw new UnknownProjectionError(name);
  return projection;
}
