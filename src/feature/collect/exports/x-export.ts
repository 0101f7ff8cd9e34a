/**
 * X's export (Twitter's): posts with threads joined, long posts whole, links as they were meant. Reposts are others'
 * words. Only the posts of threads are held; every other passes.
 */

import { z } from "zod";
import type { DocumentDraft, SkippedSource } from "../../../contracts/documents.ts";
import { messageOf } from "../../../core/errors.ts";
import { type DataExport, type ExportArchive, exportText, namesIn, sourceInside, titleOfPost } from "./data-export.ts";
import { parseJsonArray } from "./parse-json-array.ts";

const TWEETS = /^data\/tweets?(?:-part\d+)?\.js$/;
const NOTES = /^data\/note-tweet(?:-part\d+)?\.js$/;

export const xExport: DataExport = {
  platform: "x",
  title: "X (data/tweets.js)",
  sign: /^(.*\/)?data\/tweets?(?:-part\d+)?\.js$/,
  async *read(archive) {
    const damage: SkippedSource[] = [];
    const account = await readAccount(archive, damage);
    const notes = await readNotes(archive, damage);
    const threads = await findThreads(archive, account.id);
    const parts = new Map<string, Tweet[]>();
    let reposts = 0;
    for await (const tweet of tweetsOf(archive, damage)) {
      if (/^RT @\w+:/.test(tweet.full_text)) reposts++;
      else {
        const root = threads.get(tweet.id_str);
        if (root === undefined) yield toDraft([tweet], account, notes);
        else parts.set(root, pushed(parts.get(root) ?? [], tweet));
      }
    }
    for (const thread of parts.values()) yield toDraft(thread.sort(byTime), account, notes);
    yield* damage;
    if (reposts > 0)
      yield { source: `${archive.given}/${archive.root}data`, reason: `${reposts} reposts are others’ words` };
  },
};

const Url = z.object({ url: z.string(), expanded_url: z.string().optional() });
const Tweet = z.object({
  id_str: z.string(),
  full_text: z.string(),
  created_at: z.string(),
  lang: z.string().optional(),
  in_reply_to_status_id_str: z.string().optional(),
  in_reply_to_user_id_str: z.string().optional(),
  entities: z
    .object({
      urls: z.array(Url).optional(),
      media: z.array(Url).optional(),
      hashtags: z.array(z.object({ text: z.string() })).optional(),
    })
    .optional(),
});
type Tweet = z.infer<typeof Tweet>;
/** Older archives have the posts bare, newer ones under `tweet`. */
const Entry = z.union([z.object({ tweet: Tweet }).transform(({ tweet }) => tweet), Tweet]);
const Note = z
  .object({
    noteTweet: z.object({
      createdAt: z.string(),
      core: z.object({
        text: z.string(),
        urls: z.array(z.object({ shortUrl: z.string(), expandedUrl: z.string().optional() })).optional(),
      }),
    }),
  })
  .transform(({ noteTweet }) => noteTweet);
type Note = z.infer<typeof Note>;
const Account = z.object({ account: z.object({ username: z.string(), accountId: z.string() }) });

interface AccountOf {
  readonly id: string | undefined;
  readonly name: string;
}

async function readAccount(archive: ExportArchive, damage: SkippedSource[]): Promise<AccountOf> {
  for (const name of namesIn(archive, /^data\/account\.js$/)) {
    for await (const { account } of entriesOf(archive, name, { schema: Account, damage })) {
      return { id: account.accountId, name: account.username };
    }
  }
  return { id: undefined, name: "i/web" };
}

/** Long posts by their second: the list of posts has only their beginnings. */
async function readNotes(archive: ExportArchive, damage: SkippedSource[]): Promise<ReadonlyMap<number, Note[]>> {
  const notes = new Map<number, Note[]>();
  for (const name of namesIn(archive, NOTES)) {
    for await (const note of entriesOf(archive, name, { schema: Note, damage })) {
      const second = Math.floor(Date.parse(note.createdAt) / 1000);
      notes.set(second, [...(notes.get(second) ?? []), note]);
    }
  }
  return notes;
}

async function* tweetsOf(archive: ExportArchive, damage: SkippedSource[]): AsyncGenerator<Tweet> {
  for (const name of namesIn(archive, TWEETS)) yield* entriesOf(archive, name, { schema: Entry, damage });
}

interface Entries<T> {
  readonly schema: z.ZodType<T>;
  /** Gets a line for what cannot be read. */
  readonly damage: SkippedSource[];
}

async function* entriesOf<T>(archive: ExportArchive, name: string, { schema, damage }: Entries<T>): AsyncGenerator<T> {
  const source = sourceInside(archive, name);
  let odd = 0;
  try {
    for await (const entry of parseJsonArray(exportText(archive, name))) {
      const { data, success } = schema.safeParse(entry);
      if (success) yield data;
      else odd++;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    damage.push({ source, reason: `the rest cannot be read (${messageOf(error)})` });
  }
  if (odd > 0) damage.push({ source, reason: `${odd} entries are not as X exports them` });
}

/** The first post of its thread for every post that answers, or is answered by, another of the same author. */
async function findThreads(
  archive: ExportArchive,
  accountId: string | undefined,
): Promise<ReadonlyMap<string, string>> {
  const parents = new Map<string, string>();
  for await (const tweet of tweetsOf(archive, [])) {
    if (accountId === undefined || tweet.in_reply_to_user_id_str !== accountId) continue;
    if (tweet.in_reply_to_status_id_str !== undefined) parents.set(tweet.id_str, tweet.in_reply_to_status_id_str);
  }
  const roots = new Map<string, string>();
  for (const id of parents.keys()) {
    const passed = new Set<string>();
    let root = id;
    for (let parent = parents.get(root); parent !== undefined && !passed.has(root); parent = parents.get(root)) {
      passed.add(root);
      root = parent;
    }
    roots.set(id, root);
    roots.set(root, root);
  }
  return roots;
}

function toDraft(thread: readonly Tweet[], account: AccountOf, notes: ReadonlyMap<number, Note[]>): DocumentDraft {
  const [first] = thread as [Tweet, ...Tweet[]]; // a thread has a post
  const content = thread.map((tweet) => textOf(tweet, notes)).join("\n\n");
  const tags = thread.flatMap(({ entities }) => entities?.hashtags?.map(({ text }) => text.toLowerCase()) ?? []);
  const isReply = first.in_reply_to_user_id_str !== undefined && first.in_reply_to_user_id_str !== account.id;
  const language = /^[a-z]{2}$/.test(first.lang ?? "") ? first.lang : undefined;
  return {
    kind: "post",
    platform: "x",
    source: `https://x.com/${account.name}/status/${first.id_str}`,
    title: titleOfPost(content),
    format: "text",
    content,
    publishedAt: timeOf(first) === 0 ? null : new Date(timeOf(first)).toISOString(),
    tags: [...new Set([...(isReply ? ["reply"] : []), ...(thread.length > 1 ? ["thread"] : []), ...tags])],
    ...(language === undefined ? {} : { language }),
  };
}

/** The post as it was written: long ones whole, short links as they were meant, pictures’ links gone. */
function textOf(tweet: Tweet, notes: ReadonlyMap<number, Note[]>): string {
  const second = Math.floor(timeOf(tweet) / 1000);
  const beginning = decodeEntities(tweet.full_text)
    .replace(/\s*…?\s*(?:https:\/\/t\.co\/\w+)?$/, "")
    .slice(0, 60);
  const note = [-1, 0, 1]
    .flatMap((off) => notes.get(second + off) ?? [])
    .find(({ core }) => core.text.startsWith(beginning));
  const urls = [
    ...(tweet.entities?.urls ?? []),
    ...(note?.core.urls ?? []).map(({ shortUrl, expandedUrl }) => ({ url: shortUrl, expanded_url: expandedUrl })),
  ];
  const meant = new Map(urls.map(({ url, expanded_url }) => [url, expanded_url ?? url]));
  for (const { url } of tweet.entities?.media ?? []) meant.set(url, "");
  const text = note?.core.text ?? tweet.full_text;
  return decodeEntities(text.replace(/https?:\/\/t\.co\/\w+/g, (url) => meant.get(url) ?? url)).trim();
}

function pushed(thread: Tweet[], tweet: Tweet): Tweet[] {
  thread.push(tweet);
  return thread;
}

const timeOf = ({ created_at }: Tweet): number => Date.parse(created_at) || 0;
const byTime = (a: Tweet, b: Tweet): number => timeOf(a) - timeOf(b);
const decodeEntities = (text: string): string =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
