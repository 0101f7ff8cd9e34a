/** A safetensors file that is read tensor by tensor, so that a model need not fit in memory twice. */

import { open } from "node:fs/promises";
import { SafetensorsError } from "./errors.ts";
import { parseSafetensorsHeader, type StoredTensor, safetensorsHeaderBytes, type TensorPlace } from "./safetensors.ts";

export interface OpenSafetensors {
  readonly places: ReadonlyMap<string, TensorPlace>;
  /** @throws {SafetensorsError} (`safetensors-invalid`) for a tensor that the file does not have */
  read(name: string): Promise<StoredTensor>;
  close(): Promise<void>;
}

/**
 * Opens a file and reads its header.
 *
 * @throws {SafetensorsError} (`safetensors-invalid`) as `parseSafetensors`
 */
export async function openSafetensors(path: string): Promise<OpenSafetensors> {
  const file = await open(path);
  const bytesAt = async (position: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await file.read(bytes, done, length - done, position + done);
      if (bytesRead === 0) throw new SafetensorsError(path, `it ends at byte ${position + done}: it is truncated`);
      done += bytesRead;
    }
    return bytes;
  };
  try {
    const { size: fileBytes } = await file.stat();
    const headerBytes = safetensorsHeaderBytes(await bytesAt(0, 8), { fileName: path, fileBytes });
    const dataStart = 8 + headerBytes;
    const header = await bytesAt(8, headerBytes);
    const { places } = parseSafetensorsHeader(header, { fileName: path, dataBytes: fileBytes - dataStart });
    return {
      places,
      async read(name) {
        const place = places.get(name);
        if (!place) throw new SafetensorsError(path, `it has no tensor ${name}`);
        const { dtype, shape, start, end } = place;
        return { dtype, shape, bytes: await bytesAt(dataStart + start, end - start) };
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}
