/**
 * A decoder's weights in a file of their own for as long as it takes to open them: ONNX Runtime maps it and packs what it
 * computes with, so that beside the packed weights no copy of them is in memory, and one weight at a time on the way.
 */

import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../core/errors.ts";
import { type DecoderModel, WEIGHTS } from "./decoder-graph.ts";
import { WeightsFileError } from "./errors.ts";
import { readWeightOf, type Weights } from "./llama-weights.ts";

/** The folder of such a file. */
export interface WeightsFile {
  readonly folder: string;
  /** What is mapped stays readable. Where a mapped file cannot be removed, a call after it was let go does it. */
  remove(): Promise<void>;
}

/**
 * Writes the file into a new folder for temporary files.
 *
 * @throws {WeightsFileError} (`weights-file-unwritable`) when there is no room for it
 */
export async function createWeightsFile(
  decoder: Pick<DecoderModel, "weights">,
  weights: Weights,
): Promise<WeightsFile> {
  const folder = await mkdtemp(join(tmpdir(), "trilith-weights-")).catch((error: unknown) => {
    throw new WeightsFileError(tmpdir(), messageOf(error), { cause: error });
  });
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true }).catch(() => undefined);
  try {
    await writeWeights(join(folder, WEIGHTS), decoder, weights);
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, remove };
}

async function writeWeights(
  path: string,
  { weights: placed }: Pick<DecoderModel, "weights">,
  weights: Weights,
): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    for (const { weight, offsets } of placed) {
      const encoded = weight.encode(readWeightOf(weights, weight.source, weight.shape));
      for (const [i, bytes] of encoded.entries()) await writeAt(bytes, offsets[i] ?? 0);
    }
  } finally {
    await file.close();
  }

  async function writeAt(bytes: Uint8Array, offset: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
      }
    } catch (error) {
      throw new WeightsFileError(path, messageOf(error), { cause: error });
    }
  }
}
