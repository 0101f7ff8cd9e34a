/**
 * Repositories on GitHub: the archive of a branch, tag or commit as it comes, one document a file. The archive is
 * what GitHub offers to programs, so that no pages are crawled.
 */

import {
  type DocumentDraft,
  type DraftCollector,
  isSkipped,
  type SkippedSource,
} from "../../../contracts/documents.ts";
import { FolderEmptyError, LinkStatusError } from "../../errors.ts";
import { readTar, type TarEntry } from "../archives/read-tar.ts";
import { fileKindOf, leftOutFolder, TEXT_ENDS } from "../files/file-kinds.ts";
import { readFileText } from "../files/read-file.ts";
import type { FolderCollectorOptions } from "../folder-collector.ts";
import { guardedFetch, type PageFetch } from "../guarded-fetch.ts";
import { fetchStream } from "./fetch-stream.ts";
import { type GithubLink, githubUrl, parseGithubLink, readingsOf } from "./github-link.ts";
import { LICENCE_FILES, licenceIn } from "./licence.ts";

/** Limits of the collector, and how it fetches. */
export interface GithubCollectorOptions extends Pick<FolderCollectorOptions, "maxBytes"> {
  /** Default: {@link guardedFetch}. */
  readonly fetch?: PageFetch;
  /** Without a byte of the archive. Default 30,000. */
  readonly silenceMs?: number;
}

/**
 * Collects `https://github.com/owner/name`, also with `/tree/reference/path` or `/blob/reference/path`. A document's
 * source is the address of its file at the reference, so that a later commit is a new version of the same document;
 * its canonical address has the commit.
 */
export function githubCollector(options: GithubCollectorOptions = {}): DraftCollector {
  const { fetch = guardedFetch(), silenceMs = 30_000, maxBytes = 8 * 2 ** 20 } = options;
  return {
    name: "github",
    isWhole: true,
    accepts: (link) => parseGithubLink(link) !== undefined,
    async *collect(link, { signal } = {}) {
      const parsed = parseGithubLink(link);
      if (parsed === undefined) return;
      const github = { link: parsed, fetchOptions: { fetch, silenceMs, signal }, maxBytes };
      yield* parsed.isFile ? collectFile(github) : collectTree(github);
    },
  };
}

interface Github {
  readonly link: GithubLink;
  readonly fetchOptions: Parameters<typeof fetchStream>[1];
  readonly maxBytes: number;
}

/** The bytes of a small file, or `undefined` where there is none. */
async function fetchFile({ link, fetchOptions, maxBytes }: Github, ...path: string[]): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const piece of fetchStream(githubUrl("raw.githubusercontent.com", link, ...path), fetchOptions)) {
      sizeBytes += piece.byteLength;
      if (sizeBytes > maxBytes) return undefined;
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof LinkStatusError && error.status === 404) return undefined;
    throw error;
  }
  return Buffer.concat(pieces);
}

async function licenceOf(github: Github, ref: string): Promise<string | undefined> {
  for (const file of LICENCE_FILES) {
    const bytes = await fetchFile(github, ref, file);
    const licence = bytes && licenceIn(file, Buffer.from(bytes).toString());
    if (licence !== undefined) return licence;
  }
  return undefined;
}

async function* collectFile(github: Github): AsyncGenerator<DocumentDraft | SkippedSource> {
  const { link } = github;
  const source = githubUrl("github.com", link, "blob", ...link.rest);
  const bytes = await fetchFile(github, ...link.rest);
  if (bytes === undefined) throw new LinkStatusError(source, 404);
  const path = link.rest.at(-1) ?? "";
  const { text, ...left } = await readFileText(bytes, { path, source });
  if (text) yield { ...text, kind: "repository", platform: "github", source, title: `${link.name}/${path}` };
  else yield { source, reason: ("reason" in left && left.reason) || "it holds no text" };
}

async function* collectTree(github: Github): AsyncGenerator<DocumentDraft | SkippedSource> {
  const { link, fetchOptions } = github;
  const readings = readingsOf(link);
  for (const [index, { ref, path }] of readings.entries()) {
    const archive = fetchStream(githubUrl("codeload.github.com", link, "tar.gz", ref), fetchOptions);
    try {
      const first = await archive.next(); // the status comes before anything else
      if (first.done) continue;
      const bytes = rejoined(first.value, archive);
      yield* readTree(bytes, { ...github, ref, under: path, licence: await licenceOf(github, ref) });
      return;
    } catch (error) {
      const isUnknown = error instanceof LinkStatusError && error.status === 404 && index < readings.length - 1;
      if (!isUnknown) throw error; // the reference may go on in the path
    }
  }
}

async function* rejoined(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

interface Tree extends Github {
  readonly ref: string;
  /** The folder that is collected; everything for an empty one. */
  readonly under: string;
  readonly licence: string | undefined;
}

async function* readTree(
  archive: AsyncIterable<Uint8Array>,
  tree: Tree,
): AsyncGenerator<DocumentDraft | SkippedSource> {
  const { link, ref, under } = tree;
  let count = 0;
  for await (const entry of readTar(archive, githubUrl("github.com", link))) {
    const path = entry.name.slice(entry.name.indexOf("/") + 1); // without the folder around everything
    if (under !== "" && !path.startsWith(`${under}/`)) continue;
    for await (const found of readEntry(entry, path, tree)) {
      if (!isSkipped(found)) count++;
      yield found;
    }
  }
  if (count === 0) throw new FolderEmptyError(githubUrl("github.com", link, "tree", ref, under), TEXT_ENDS);
}

async function* readEntry(entry: TarEntry, path: string, tree: Tree): AsyncGenerator<DocumentDraft | SkippedSource> {
  const { link, ref, maxBytes } = tree;
  const source = githubUrl("github.com", link, "blob", ref, path);
  const { reads } = fileKindOf(path);
  const isText = reads !== "nothing" && reads !== "unknown";
  const leftOut = path
    .split("/")
    .map(leftOutFolder)
    .find((reason) => reason !== undefined);
  const isLarge = entry.sizeBytes > maxBytes;
  if (entry.isLink) return; // what it leads to is met in its own place
  if (leftOut !== undefined || isLarge) {
    if (isText) yield { source, reason: leftOut ?? `it is larger than ${maxBytes} bytes` };
    return;
  }
  const reading = await readFileText(await entry.read(), { path, source });
  if (reading.text === undefined) {
    if (reading.reason !== undefined) yield { source, reason: reading.reason };
    return;
  }
  const { text, remarks } = reading;
  const canonicalUrl = entry.comment && githubUrl("github.com", link, "blob", entry.comment, path);
  yield {
    ...text,
    kind: "repository",
    platform: "github",
    source,
    title: `${link.name}/${path}`,
    ...(canonicalUrl === undefined ? {} : { canonicalUrl }),
    ...(tree.licence === undefined ? {} : { licence: text.licence ?? tree.licence }),
  };
  for (const remark of remarks) yield { source, reason: remark };
}
