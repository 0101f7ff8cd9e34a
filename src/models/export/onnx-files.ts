/**
 * A model as transformers.js loads it: `onnx/model.onnx` (32-bit floats) or `onnx/model_quantized.onnx` (matrices of 8-bit
 * integers), `config.json`, the tokenizer and how to generate.
 *
 * @source huggingface/transformers.js src/utils/dtypes.js (file names), src/utils/model-loader.js (data beside the model)
 */

import { encodeWeight, type OnnxWeight } from "../../tensor/index.ts";
import type { WeightPrecision } from "../stored-parts.ts";
import { type ExportFile, jsonFile, wholeFile } from "./export-file.ts";
import type { ExportSource } from "./export-source.ts";
import { modelFiles } from "./model-files.ts";
import { portableModel } from "./portable-graph.ts";

const NAMES = { float32: "model", int8: "model_quantized" } as const;
/** Protobuf's own limit is 2 GiB for one message. */
const INLINE_BYTES = 1.9e9;

/** The files of the folder; weights of more than `inlineBytes` go into a file beside the model. */
export async function onnxFiles(
  source: ExportSource,
  { precision, inlineBytes = INLINE_BYTES }: { precision: WeightPrecision; inlineBytes?: number },
): Promise<readonly ExportFile[]> {
  const { model, stored } = portableModel(source.config, precision);
  const path = `onnx/${NAMES[precision]}.onnx`;
  const constants = stored.flatMap((weight) => weight.constants);
  const dataBytes = constants.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const beside = dataBytes > inlineBytes;
  const settings = beside ? { "transformers.js_config": { use_external_data_format: true } } : {};
  async function* elements(): AsyncGenerator<Uint8Array> {
    for (const weight of stored) yield* weight.encode(source.weight(weight.source));
  }
  const weights = { model, constants, elements };
  return [
    jsonFile("config.json", { ...source.fields, architectures: source.config.architectures, ...settings }),
    ...(await modelFiles(source)),
    ...(beside ? besideModel(path, weights) : [inOneFile(path, weights)]),
  ];
}

interface Weights {
  readonly model: Uint8Array;
  readonly constants: readonly OnnxWeight[];
  /** The elements of each constant, in their order. */
  elements(): AsyncIterable<Uint8Array>;
}

function inOneFile(path: string, { model, constants, elements }: Weights): ExportFile {
  const places = constants.map((constant) => encodeWeight(constant));
  const sizes = [model, ...places].map(({ byteLength }) => byteLength);
  return {
    path,
    sizeBytes: [...sizes, ...constants.map(({ sizeBytes }) => sizeBytes)].reduce((sum, size) => sum + size, 0),
    async *pieces() {
      yield model;
      let i = 0;
      for await (const bytes of elements()) {
        yield places[i++] ?? new Uint8Array();
        yield bytes;
      }
    },
  };
}

function besideModel(path: string, { model, constants, elements }: Weights): readonly ExportFile[] {
  const file = `${path.replace(/^.*\//, "")}_data`;
  let offset = 0;
  const places = constants.map((constant) => {
    const place = encodeWeight({ ...constant, beside: { file, offset } });
    offset += constant.sizeBytes;
    return place;
  });
  return [
    wholeFile(path, Buffer.concat([model, ...places])),
    { path: `${path}_data`, sizeBytes: offset, pieces: elements },
  ];
}
