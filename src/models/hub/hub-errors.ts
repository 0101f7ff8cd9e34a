/** What goes wrong between a hub and a folder. */

import { TrilithError } from "../../core/errors.ts";

/** Thrown when a file cannot be fetched whole; what has come of it is kept for the next attempt. */
export class HubDownloadError extends TrilithError {
  override readonly code = "hub-download-failed";
  override readonly retryable: boolean;

  constructor(file: string, problem: string, retryable: boolean, options?: ErrorOptions) {
    super(
      `The file ${file} could not be downloaded: ${problem}. The whole file was expected; run the command again, which goes on where it stopped.`,
      options,
    );
    this.retryable = retryable;
  }
}

/** Thrown when a hub does not give a model: it is not there, not open to this token, or has no weights that can be read. */
export class HubModelError extends TrilithError {
  override readonly code = "hub-model-unavailable";
  override readonly usage = true;

  constructor(model: string, problem: string) {
    super(
      `The model ${model} cannot be taken from the hub: ${problem}. A public model with safetensors was expected, or one that HF_TOKEN opens; check the name and the token.`,
    );
  }
}

/** Thrown when a model is not in the cache and its hub cannot be reached. */
export class HubUnreachableError extends TrilithError {
  override readonly code = "hub-unreachable";
  override readonly usage = true;

  constructor(model: string, { endpoint, cache, problem }: { endpoint: string; cache: string; problem: string }) {
    super(
      `The model ${model} is not in ${cache}, and ${endpoint} cannot be reached: ${problem}. A network was expected; ` +
        `without one, download the model elsewhere (hf download ${model} --local-dir model), copy the folder here and set baseModel to its path.`,
    );
  }
}

/** Thrown when a model is larger than the room on the disk. */
export class DiskTooSmallError extends TrilithError {
  override readonly code = "disk-too-small";
  override readonly usage = true;

  constructor(folder: string, neededBytes: number, freeBytes: number) {
    const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
    super(
      `The model needs ${gigabytes(neededBytes)} in ${folder}, where ${gigabytes(freeBytes)} are free; expected room for all of it. Free some, or set another cache folder.`,
    );
  }
}
