/**
 * A model of a hub as a folder: taken from the cache, or downloaded into it. What a model is is settled first, from its
 * list of files and its config.json, so that gigabytes are fetched only of what can be used.
 */

import { existsSync } from "node:fs";
import { mkdir, readFile, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import { parseWith } from "../../core/schema.ts";
import { parseLlamaConfig } from "../llama-config.ts";
import { readBaseJson } from "../model-folder.ts";
import { downloadFile, type HubFile } from "./download-file.ts";
import { DiskTooSmallError, HubModelError, HubUnreachableError } from "./hub-errors.ts";

/** How far a download is. */
export interface HubProgress {
  readonly model: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

/** Which model, and where from and where to. */
export interface HubModelOptions {
  /** `owner/name`. */
  readonly id: string;
  /** A branch, tag or commit. Default `main`. */
  readonly revision?: string;
  readonly endpoint: string;
  readonly token?: string;
  /** Models are kept in it by name and revision. */
  readonly cacheFolder: string;
  /** Absent: only the cache is looked at. */
  readonly fetch?: typeof fetch;
  onProgress?(progress: HubProgress): void;
  readonly signal?: AbortSignal;
}

/** Whether a name is a hub's `owner/name`, with `@revision` or without, and not a path. */
export function parseHubId(name: string): { readonly id: string; readonly revision?: string } | null {
  const [, id, revision] = /^([\w-][\w.-]*\/[\w-][\w.-]*)(?:@([\w./-]+))?$/.exec(name) ?? [];
  return id === undefined ? null : { id, ...(revision !== undefined && { revision }) };
}

/** Written last: its existence says that the folder is whole. */
const MANIFEST = "trilith-hub.json";

/**
 * The folder of a model, whole.
 *
 * @throws {HubUnreachableError} (`hub-unreachable`) when it is not cached and there is no network
 * @throws {HubModelError} (`hub-model-unavailable`) when the hub does not give it
 * @throws {UnsupportedModelError} (`model-unsupported`) before its weights are fetched
 * @throws {DiskTooSmallError} (`disk-too-small`) before its weights are fetched
 * @throws {HubDownloadError} (`hub-download-failed`) when a file does not come whole
 */
export async function openHubModel(options: HubModelOptions): Promise<string> {
  const { id, revision = "main", endpoint, cacheFolder } = options;
  const folder = join(cacheFolder, id.replace("/", "--"), revision.replaceAll("/", "--"), nameOf(id));
  if (existsSync(join(folder, MANIFEST))) return folder;
  const { sha, files } = await listFiles(options, revision);
  await mkdir(folder, { recursive: true });
  const missing = files.filter(({ name }) => !existsSync(join(folder, name)));
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let receivedBytes = totalBytes - missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const fetchFile = (file: HubFile): Promise<void> =>
    downloadFile(file, {
      url: `${endpoint}/${id}/resolve/${sha}/${file.name}`,
      headers: headersOf(options),
      fetch: options.fetch ?? fetch,
      path: join(folder, file.name),
      onBytes(count) {
        receivedBytes += count;
        options.onProgress?.({ model: id, receivedBytes, totalBytes });
      },
      ...(options.signal && { signal: options.signal }),
    });
  const [settings, weights] = [
    missing.filter((file) => !isWeights(file.name)),
    missing.filter((file) => isWeights(file.name)),
  ];
  for (const file of settings) await fetchFile(file);
  parseLlamaConfig(await readBaseJson(folder, "config.json"));
  await checkRoom(folder, weights);
  for (const file of weights) await fetchFile(file);
  await writeFile(join(folder, MANIFEST), `${JSON.stringify({ id, revision: sha, endpoint, files }, null, 2)}\n`);
  return folder;
}

/** Where a cached model came from, for cards. */
export async function readHubOrigin(
  folder: string,
): Promise<{ readonly id: string; readonly revision: string } | null> {
  const path = join(folder, MANIFEST);
  if (!existsSync(path)) return null;
  return parseWith(z.object({ id: z.string(), revision: z.string() }), JSON.parse(await readFile(path, "utf8")), path);
}

const Listing = z.looseObject({
  sha: z.string(),
  siblings: z.array(
    z.looseObject({
      rfilename: z.string(),
      size: z.int().nonnegative(),
      blobId: z.string(),
      lfs: z.looseObject({ sha256: z.string() }).nullish(),
    }),
  ),
});

const SETTINGS = new Set([
  "README.md",
  "LICENSE",
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
  "model.safetensors.index.json",
]);

function isWeights(name: string): boolean {
  return /^model(?:-\d+-of-\d+)?\.safetensors$/.test(name);
}

/** The files that are used of a revision: of its weights the one file where there is one, or else its shards. */
async function listFiles(options: HubModelOptions, revision: string): Promise<{ sha: string; files: HubFile[] }> {
  const { id, endpoint } = options;
  const answer = await ask(options, `${endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`);
  const { sha, siblings } = parseWith(Listing, answer, `the hub's answer about ${id}`);
  const single = siblings.some(({ rfilename }) => rfilename === "model.safetensors");
  const wanted = siblings.filter(({ rfilename: name }) => {
    if (single && name !== "model.safetensors" && name.startsWith("model")) return false;
    return SETTINGS.has(name) || isWeights(name);
  });
  const names = wanted.map(({ rfilename }) => rfilename);
  const lacks = ["config.json", "tokenizer.json"].find((name) => !names.includes(name));
  if (lacks) throw new HubModelError(id, `it has no ${lacks}`);
  if (!names.some(isWeights)) throw new HubModelError(id, "it has no model.safetensors");
  const files = wanted.map(({ rfilename: name, size: sizeBytes, lfs, blobId }): HubFile => {
    const hash = lfs
      ? ({ algorithm: "sha256", hex: lfs.sha256 } as const)
      : ({ algorithm: "git-sha1", hex: blobId } as const);
    return { name, sizeBytes, hash };
  });
  return { sha, files };
}

async function ask(options: HubModelOptions, url: string): Promise<unknown> {
  const { id, endpoint, cacheFolder: cache } = options;
  if (!options.fetch) throw new HubUnreachableError(id, { endpoint, cache, problem: "HF_HUB_OFFLINE is set" });
  let response: Response;
  try {
    response = await options.fetch(url, {
      headers: headersOf(options),
      ...(options.signal && { signal: options.signal }),
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    const cause = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
    throw new HubUnreachableError(id, { endpoint, cache, problem: cause });
  }
  if (response.status === 401 || response.status === 403)
    throw new HubModelError(id, `it is not open to this token, or not there (${response.status})`);
  if (response.status === 404) throw new HubModelError(id, "there is no such model or revision (404)");
  if (!response.ok) throw new HubUnreachableError(id, { endpoint, cache, problem: `it answered ${response.status}` });
  return response.json();
}

function headersOf({ token }: HubModelOptions): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}

async function checkRoom(folder: string, files: readonly HubFile[]): Promise<void> {
  const needed = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const { bavail, bsize } = await statfs(folder);
  if (needed > bavail * bsize) throw new DiskTooSmallError(folder, needed, bavail * bsize);
}

function nameOf(id: string): string {
  return id.slice(id.indexOf("/") + 1);
}
