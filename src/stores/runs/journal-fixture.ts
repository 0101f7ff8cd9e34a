/** A journal over any database, and the small records that its laws are stated with. */

import type { Database } from "../../contracts/database.ts";
import type { AttemptEnd, InvocationEntry, RunJournal } from "../../contracts/run-journal.ts";
import { hashBytes } from "../../core/hash.ts";
import { createRandom } from "../../core/random.ts";
import { migrateDatabase } from "../database/index.ts";
import type { Liveness } from "./liveness.ts";
import { runMigrations } from "./migrations.ts";
import { createRunJournal } from "./run-journal.ts";

const REMOTE_PID = 1_000;

/** A machine on which the first process dies when it is told to. */
export function createMachine(): Liveness & { die(): void } {
  let pid = 1;
  return {
    self: () => ({ pid, startTime: "1", bootId: "b", host: "h", session: null }),
    alive: async (identities) => identities.map((identity) => identity.pid === pid || identity.pid === REMOTE_PID),
    die: () => void pid++,
  };
}

/** Opens an empty database; each test has its own. */
export type OpenDatabase = () => Promise<Database>;

export async function journalOn(open: OpenDatabase): Promise<{
  journal: RunJournal;
  /** The journal as another process has it, on the same database. */
  other: RunJournal;
  /** The same in a process that does not die. */
  remote: RunJournal;
  machine: ReturnType<typeof createMachine>;
  wait(ms: number): void;
}> {
  const database = await open();
  await migrateDatabase(database, runMigrations);
  let nowMs = 1_000;
  const machine = createMachine();
  const clock = { now: () => nowMs, sleep: async () => undefined };
  return {
    journal: createRunJournal(database, { clock, random: createRandom(1), liveness: machine }),
    other: createRunJournal(database, { clock, random: createRandom(2), liveness: machine }),
    remote: createRunJournal(database, {
      clock,
      random: createRandom(3),
      liveness: { ...machine, self: () => ({ ...machine.self(), pid: REMOTE_PID }) },
    }),
    machine,
    wait: (ms) => {
      nowMs += ms;
    },
  };
}

export const newRun = (id: string) => ({ id, name: id, pipeline: "etl", parameters: { limit: 1 }, config: {} });
export const entry = (id: string, over: Partial<InvocationEntry> = {}): InvocationEntry => ({
  id,
  kind: "step",
  parentId: null,
  step: "crawl",
  displayName: "crawl",
  after: [],
  inputs: [],
  codeDigest: "code",
  cacheKey: "key",
  keyParts: null,
  tags: [],
  wait: null,
  ...over,
});
export const draft = (text: string) => ({
  name: "crawl",
  output: "output",
  hash: hashBytes(text),
  sizeBytes: text.length,
  materializer: "json",
  schemaId: "schema",
  preview: text,
  content: Buffer.from(text),
});
export const completed = (text: string): AttemptEnd => ({
  state: "completed",
  final: true,
  error: null,
  artifacts: [draft(text)],
});
