/** A trained base as a folder that `baseModel` can name: weights, configuration, tokenizer, facts and card. */

import type { Tokenizer, VoiceModel } from "../contracts/models.ts";
import {
  createVoiceModel,
  type LlamaConfig,
  parameterCountOf,
  parseCheckpoint,
  toFloatCheckpoint,
  toInt8Checkpoint,
  type Weights,
} from "../models/index.ts";
import { baseCard } from "./base-card.ts";
import { BaseFacts } from "./base-facts.ts";
import type { ProseDocument } from "./document.ts";
import { type BaseMeasure, measureBase } from "./measure-base.ts";

/** What a base is packed from. */
export interface PackBaseInput {
  readonly name: string;
  readonly config: LlamaConfig;
  readonly weights: Weights;
  readonly tokenizerJson: string;
  readonly tokenizer: Tokenizer;
  readonly heldOut: readonly ProseDocument[];
  /** 8-bit rows take a quarter of the room; both are measured. */
  readonly format: BaseFacts["weights"];
  readonly facts: Pick<BaseFacts, "training" | "corpus" | "selection">;
}

/** The folder's files by path, and the facts that are told in it. Measures the weights as trained and as stored. */
export async function packBase(input: PackBaseInput): Promise<{ files: Map<string, Uint8Array>; facts: BaseFacts }> {
  const { name, config, weights, format } = input;
  const stored = (format === "int8" ? toInt8Checkpoint : toFloatCheckpoint)(config, weights);
  const exact = await measure(input, weights);
  const facts = BaseFacts.parse({
    schemaVersion: 1,
    name,
    parameterCount: parameterCountOf(config),
    sizeBytes: stored.byteLength,
    weights: format,
    ...input.facts,
    exact,
    stored: format === "int8" ? await measure(input, parseCheckpoint(stored, "model.safetensors")) : exact,
  });
  const json = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
  const files = new Map<string, Uint8Array>([
    ["README.md", Buffer.from(baseCard(facts, config))],
    ["config.json", json(config)],
    ["facts.json", json(facts)],
    ["model.safetensors", stored],
    ["tokenizer.json", Buffer.from(input.tokenizerJson)],
  ]);
  return { files, facts };
}

async function measure({ config, tokenizer, heldOut }: PackBaseInput, weights: Weights): Promise<BaseMeasure> {
  const voice: VoiceModel = createVoiceModel({ id: "measured", config, weights, tokenizer });
  try {
    return await measureBase(voice, heldOut, tokenizer);
  } finally {
    await voice.close();
  }
}
