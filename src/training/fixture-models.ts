/**
 * A language model small enough to check by hand, for tests: it knows how frequent each byte is, and nothing else.
 * It fills the whole `LanguageModels` port: it trains, saves, continues and measures.
 */

import type { LanguageModels, LoraConfig, TokenBatch, Tokenizer, VoiceModel } from "../contracts/models.ts";
import { hashBytes } from "../core/hash.ts";
import { createRandom } from "../core/random.ts";
import { chatTemplate } from "../text/index.ts";

const VOCABULARY = 258;

/** Bytes from id 2 on; 0 is bos, 1 is eos. */
export const byteTokenizer: Tokenizer = {
  vocabularySize: VOCABULARY,
  bosId: 0,
  eosId: 1,
  eosIds: [1],
  encode: (text) => [...Buffer.from(text)].map((byte) => byte + 2),
  decode: (ids) => Buffer.from(ids.filter((id) => id > 1).map((id) => id - 2)).toString(),
};

/** A model of byte frequencies; `opened` has the options of every trainable that was asked for. */
export function createByteFrequencyModels(parameterCount = VOCABULARY): LanguageModels & {
  readonly opened: Parameters<LanguageModels["openTrainable"]>[0][];
} {
  const opened: Parameters<LanguageModels["openTrainable"]>[0][] = [];
  return {
    opened,
    base: { name: "byte-frequencies", fingerprint: hashBytes("byte-frequencies"), parameterCount },
    contextTokens: 512,
    tokenizer: byteTokenizer,
    chatTemplate: {
      prompt: chatTemplate.prompt,
      promptIds: (messages) => [0, ...byteTokenizer.encode(chatTemplate.prompt(messages))],
    },
    async openTrainable(options) {
      opened.push(options);
      const parameters = startOf(options.adapter);
      return {
        parameters,
        layout: [{ name: "logits", shape: [1, VOCABULARY], offset: 0 }],
        lossAndGradient: async (batch) => lossAndGradient(parameters, batch),
        loss: async (batch) => lossAndGradient(parameters, batch).loss,
        async logProbabilities({ targets }) {
          const logShares = logSoftmax(parameters);
          return Float32Array.from(targets, (target) => logShares[target] ?? 0);
        },
        close: async () => undefined,
      };
    },
    loraOf(files) {
      const config = files.get(CONFIG_FILE);
      return config ? (JSON.parse(Buffer.from(config).toString()) as LoraConfig) : null; // as `saveAdapter` wrote it
    },
    saveAdapter: ({ parameters }, lora) =>
      new Map([
        [CONFIG_FILE, Buffer.from(JSON.stringify(lora))],
        [ADAPTER_FILE, Buffer.from(Float32Array.from(parameters).buffer)],
      ]),
    saveModel: ({ parameters }) => new Map([[MODEL_FILE, Buffer.from(Float32Array.from(parameters).buffer)]]),
    openVoice: async (files) => voiceOf(startOf(files)),
  };
}

const [ADAPTER_FILE, MODEL_FILE] = ["adapter_model.safetensors", "model.safetensors"];
const CONFIG_FILE = "adapter_config.json";

function startOf(files?: ReadonlyMap<string, Uint8Array>): Float32Array {
  const bytes = files?.get(ADAPTER_FILE) ?? files?.get(MODEL_FILE);
  return bytes ? new Float32Array(Uint8Array.from(bytes).buffer) : new Float32Array(VOCABULARY);
}

function voiceOf(logits: Float32Array): VoiceModel {
  const logShares = logSoftmax(logits);
  return {
    id: "byte-frequencies",
    parameterCount: VOCABULARY,
    async *continue(_prompt, { maxTokens = 20, seed = 1 } = {}) {
      const random = createRandom(seed);
      for (let count = 0; count < maxTokens; count++) {
        let left = random.next();
        const id = logShares.findIndex((share) => (left -= Math.exp(share)) < 0);
        yield byteTokenizer.decode([Math.max(2, id)]);
      }
    },
    bits: async (texts) =>
      texts.map((text) => byteTokenizer.encode(text).reduce((sum, id) => sum - (logShares[id] ?? 0) / Math.LN2, 0)),
    close: async () => undefined,
  };
}

function lossAndGradient(logits: Float32Array, { targets, weights }: TokenBatch) {
  const logShares = logSoftmax(logits);
  const gradient = new Float32Array(VOCABULARY);
  let loss = 0;
  let total = 0;
  targets.forEach((target, index) => {
    const weight = weights[index] ?? 0;
    loss -= weight * (logShares[target] ?? 0);
    total += weight;
    gradient[target] = (gradient[target] ?? 0) - weight;
  });
  return { loss, gradient: gradient.map((value, id) => value + total * Math.exp(logShares[id] ?? 0)) };
}

function logSoftmax(logits: Float32Array): Float32Array {
  const logSum = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  return logits.map((logit) => logit - logSum);
}
