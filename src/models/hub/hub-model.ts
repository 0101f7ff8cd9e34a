/**
 * A model of a hub as a folder: taken from the cache, or downloaded into it. What a model is is settled first, from its
 * list of files and its config.json, so that gigabytes are fetched only of what can be used.
 */

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, stat, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { takeFileLock } from "../../core/file-lock.ts";
import { parseWith } from "../../core/schema.ts";
import { parseLlamaConfig } from "../llama-config.ts";
import { readBaseJson } from "../model-folder.ts";
import { downloadFile, type HubFile, isWhole } from "./download-file.ts";
import { DiskTooSmallError, HubDownloadError, HubModelError, HubUnreachableError } from "./hub-errors.ts";

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
  readonly clock: Clock;
  /** Told also of what another process downloads, while this one waits for it. */
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
/** Held beside the folder by the process that downloads into it. */
const LOCK = "download.lock";
const WAIT_MS = 200;

/** What a revision of a model consists of. */
interface Revision {
  readonly sha: string;
  readonly files: readonly HubFile[];
}

/**
 * The folder of a model, whole. Of several processes that ask for it at once one downloads, and the others wait; when
 * that one ends before it is done, another goes on.
 *
 * @throws {HubUnreachableError} (`hub-unreachable`) when it is not cached and there is no network
 * @throws {HubModelError} (`hub-model-unavailable`) when the hub does not give it
 * @throws {UnsupportedModelError} (`model-unsupported`) before its weights are fetched
 * @throws {DiskTooSmallError} (`disk-too-small`) before its weights are fetched
 * @throws {HubDownloadError} (`hub-download-failed`) when a file does not come whole
 */
export async function openHubModel(options: HubModelOptions): Promise<string> {
  const { id, revision = "main", cacheFolder } = options;
  const folder = join(cacheFolder, id.replace("/", "--"), revision.replaceAll("/", "--"), nameOf(id));
  if (existsSync(join(folder, MANIFEST))) return folder;
  const found = await listFiles(options, revision);
  await mkdir(folder, { recursive: true });
  const release = await takeTurn(folder, found, options);
  try {
    if (!existsSync(join(folder, MANIFEST))) await downloadModel(folder, found, options);
  } finally {
    release();
  }
  return folder;
}

/** Waits until no other process downloads into the folder; what comes there meanwhile is told as progress. */
async function takeTurn(
  folder: string,
  { files }: Revision,
  { id, clock, signal, onProgress }: HubModelOptions,
): Promise<() => void> {
  const totalBytes = sizeOf(files);
  const lock = join(dirname(folder), LOCK);
  try {
    return await takeFileLock(lock, {
      ...{ clock, retryMs: WAIT_MS, ...(signal && { signal }) },
      onWait: async () => onProgress?.({ model: id, receivedBytes: await bytesIn(folder), totalBytes }),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new HubDownloadError(lock, `it cannot be locked (${messageOf(error)})`, false, { cause: error });
  }
}

async function downloadModel(folder: string, { sha, files }: Revision, options: HubModelOptions): Promise<void> {
  const { id, endpoint } = options;
  // What an earlier download left may be of an older commit of the same branch.
  const whole = await Promise.all(files.map((file) => isWhole(join(folder, file.name), file)));
  const missing = files.filter((_, i) => !whole[i]);
  const totalBytes = sizeOf(files);
  let receivedBytes = totalBytes - sizeOf(missing);
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
  const manifest = join(folder, MANIFEST);
  await writeFile(`${manifest}.part`, `${JSON.stringify({ id, revision: sha, endpoint, files }, null, 2)}\n`);
  await rename(`${manifest}.part`, manifest);
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
async function listFiles(options: HubModelOptions, revision: string): Promise<Revision> {
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
  const needed = sizeOf(files);
  const { bavail, bsize } = await statfs(folder);
  if (needed > bavail * bsize) throw new DiskTooSmallError(folder, needed, bavail * bsize);
}

function nameOf(id: string): string {
  return id.slice(id.indexOf("/") + 1);
}

function sizeOf(files: readonly HubFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** What lies in a folder that another process writes. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = names.map((name) =>
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  ); // renamed since
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
