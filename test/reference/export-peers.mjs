/**
 * What llama.cpp and transformers.js make of exported models: adds `gguf` and `transformers_js` to test/fixtures/export-reference.json.
 * Plain JavaScript, because the peers live in a folder of their own:
 *
 *     npm install --prefix PEERS node-llama-cpp@3.22.1 @huggingface/transformers@4.3.1
 *     node test/reference/export-peers.mjs FOLDER PEERS          (after export-models.ts and export_reference.py)
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, peers] = process.argv.slice(2);
const resolve = createRequire(join(peers, "package.json")).resolve;
const peer = (name) => import(pathToFileURL(resolve(name)).href);
const { getLlama } = await peer("node-llama-cpp");
const { AutoModelForCausalLM, AutoTokenizer, env } = await peer("@huggingface/transformers");
env.allowRemoteModels = false;
env.localModelPath = `${folder}/`;

const path = new URL("../fixtures/export-reference.json", import.meta.url);
const reference = JSON.parse(readFileSync(path, "utf8"));
const round = (value) => Number(value.toFixed(5));
const llama = await getLlama({ gpu: false, logLevel: "error", build: "never" });

/** The logits behind the last of the ids that fit its context; ids that llama.cpp cuts the text into; and the file's hash. */
async function throughLlamaCpp(file, allIds) {
  const model = await llama.loadModel({ modelPath: file });
  const ids = allIds.slice(0, model.trainContextSize);
  const context = await model.createContext({
    contextSize: 64,
    flashAttention: false,
    experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32",
  });
  const sequence = context.getSequence();
  const size = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
  const all = Array.from({ length: size }, (_, id) => id);
  const input = ids.map((id, i) =>
    i < ids.length - 1 ? id : [id, { generateNext: { logits: { filter: { tokens: all } } } }],
  );
  const results = await sequence.controlledEvaluate(input);
  const { logits } = results.at(-1).next;
  const tokens = [...model.tokenize(reference.text)].map(Number);
  await context.dispose();
  await model.dispose();
  return {
    sha256: createHash("sha256").update(readFileSync(file)).digest("hex"),
    tokens,
    read: ids.length,
    logits: all.map((id) => round(logits.get(id))),
  };
}

/** What follows the ids greedily, by the model and the tokenizer that transformers.js loads. */
async function throughTransformersJs(name, dtype) {
  const tokenizer = await AutoTokenizer.from_pretrained(name);
  const model = await AutoModelForCausalLM.from_pretrained(name, { dtype });
  const inputs = tokenizer(reference.text, { add_special_tokens: false });
  const output = await model.generate({ ...inputs, max_new_tokens: 12, do_sample: false, eos_token_id: 100_000 });
  const { logits } = await model(inputs);
  const size = logits.dims.at(-1);
  const whole = [...output.data].map(Number);
  await model.dispose();
  return { ids: whole, logits: [...logits.data.slice(-size)].map(round) };
}

for (const [family, result] of Object.entries(reference.families)) {
  result.gguf = {};
  for (const precision of ["f32", "f16", "q8_0"]) {
    const inside = join(folder, family, `gguf-${precision}`);
    result.gguf[precision] = await throughLlamaCpp(join(inside, readdirSync(inside)[0]), result.ids);
  }
  result.transformers_js = {
    f32: await throughTransformersJs(`${family}/onnx-f32`, "fp32"),
    q8: await throughTransformersJs(`${family}/onnx-q8`, "q8"),
  };
}
writeFileSync(path, `${JSON.stringify(reference)}\n`);
await llama.dispose();
