/** One input through collecting, cleaning and chunking, as it would go: what came of it, and whether anything was lost. */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Collector,
  type DocumentDraft,
  type Finding,
  isSkipped,
  RawDocument,
} from "../src/contracts/documents.ts";
import { isTrilithError } from "../src/core/errors.ts";
import { chunkDocument } from "../src/feature/chunk/chunk-document.ts";
import { cleanDocument } from "../src/feature/clean/clean-document.ts";
import { openLanguageDetector, withLanguage } from "../src/feature/clean/language.ts";
import {
  articleCollector,
  createWeb,
  exportCollector,
  folderCollector,
  githubCollector,
  type PageFetch,
} from "../src/feature/index.ts";
import type { HostileInput } from "./hostile-inputs.ts";

/** What came of an input. */
export interface Probed {
  /** `refused` with an error of ours, `left-out` with a reason in the report, `empty` where there is nothing to take. */
  readonly outcome: "taken" | "left-out" | "empty" | "refused" | "broken";
  /** Of what is broken: an error that is not ours, or text that is gone. */
  readonly problem?: string;
  /** Of this thread. */
  readonly cpuMs: number;
}

/** Sends an input through. `folder` is a temporary folder that it may fill; it is emptied again. */
export async function probeInput(input: HostileInput, folder: string): Promise<Probed> {
  const start = process.threadCpuUsage();
  const end = (outcome: Probed["outcome"], problem?: string): Probed => ({
    outcome,
    ...(problem === undefined ? {} : { problem }),
    cpuMs: cpuMsSince(start),
  });
  try {
    const found = await collected(input, folder);
    const drafts = found.filter((each): each is DocumentDraft => !isSkipped(each) && !("state" in each));
    for (const draft of drafts) {
      const lost = await lostOf(draft);
      if (lost !== undefined) return end("broken", lost);
    }
    if (drafts.length > 0) return end("taken");
    return end(found.some(isSkipped) ? "left-out" : "empty");
  } catch (error) {
    if (isTrilithError(error)) return end(error.code === "folder-empty" ? "empty" : "refused");
    return end("broken", error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

function cpuMsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(start);
  return (user + system) / 1000;
}

async function collected({ through, name, bytes }: HostileInput, folder: string): Promise<Finding[]> {
  const fetch: PageFetch = async (url) => {
    const isAsked = url.pathname.endsWith("/HEAD") || url.pathname === "/page";
    return isAsked
      ? new Response(Buffer.from(bytes), { headers: { "content-type": "text/html" } })
      : new Response(null, { status: 404 });
  };
  if (through === "github") return gathered(githubCollector({ fetch }), "https://github.com/a/b");
  if (through === "page")
    return gathered(articleCollector({ web: createWeb({ fetch, delayMs: 0 }) }), "https://a.org/page");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, bytes);
  try {
    return await gathered(
      name.endsWith(".zip") ? exportCollector() : folderCollector(),
      name.endsWith(".zip") ? path : folder,
    );
  } finally {
    rmSync(path);
  }
}

const gathered = (collector: Collector, link: string): Promise<Finding[]> => Array.fromAsync(collector.collect(link));

let detector: ReturnType<typeof openLanguageDetector> | undefined;

/** What of a draft's text is in no chunk, or `undefined` where all of it is. */
async function lostOf(draft: DocumentDraft): Promise<string | undefined> {
  const of = { id: "d", version: 1, contentHash: "", authorId: "a", authorFullName: "A", collectedAt: "" };
  const raw = RawDocument.parse({ ...draft, ...of });
  detector ??= openLanguageDetector();
  const cleaned = withLanguage(cleanDocument(raw, new Map()), await detector);
  const countTokens = (text: string): number => Math.ceil(text.length / 4);
  const chunks = chunkDocument(cleaned, { countTokens, maxTokens: 256 });
  let at = 0;
  for (const { start, end, text } of chunks) {
    if (text !== cleaned.text.slice(start, end)) return "a chunk is no slice of its document";
    if (start < at) return `chunks overlap at ${start}`;
    const between = cleaned.text.slice(at, start);
    if (between.trim() !== "") return `no chunk holds ${JSON.stringify(between.slice(0, 80))}`;
    at = end;
  }
  if (cleaned.text.slice(at).trim() !== "") return `no chunk holds ${JSON.stringify(cleaned.text.slice(at, at + 80))}`;
  return lettersOf(cleaned.text) >= lettersOf(bodyOf(raw)) ? undefined : "cleaning has lost letters";
}

const lettersOf = (text: string): number => text.normalize("NFC").match(/[\p{L}\p{N}]/gu)?.length ?? 0;

/** The content without front matter, as cleaning takes it off. */
function bodyOf({ content, tags }: RawDocument): string {
  if (tags[0] === "code") return content;
  return content.replace(/^\uFEFF?(---|\+\+\+)[^\S\n]*\r?\n(?:[\s\S]*?\r?\n)??\1[^\S\n]*(?:\r?\n|$)/, "");
}
