/**
 * What was in an invocation's input, where it can still be told: in an artifact that it read, or among the run's
 * parameters. Values are found by their hash, so what is shown is what the key was made of.
 */

import type { ArtifactStore } from "../../contracts/artifacts.ts";
import type { RunJournal } from "../../contracts/run-journal.ts";
import type { ArtifactRecord, InvocationRecord } from "../../contracts/runs.ts";
import { hashJson } from "../../core/hash.ts";
import type { JsonValue } from "../../core/json.ts";
import { inputName } from "./compare-parts.ts";

const MAX_BYTES = 1_000_000;
const MAX_MEMBERS = 2_000;

export interface InputValues {
  /** The value at a place of the input, as `inputName` names it; `undefined` when it cannot be told. */
  valueOf(invocation: InvocationRecord, name: string): Promise<JsonValue | undefined>;
}

export function createInputValues(journal: RunJournal, artifacts: ArtifactStore): InputValues {
  const parameters = new Map<string, Promise<JsonValue | undefined>>();
  const parametersOf = (runId: string): Promise<JsonValue | undefined> => {
    const known = parameters.get(runId) ?? journal.findRun(runId).then((run) => run?.parameters);
    parameters.set(runId, known);
    return known;
  };
  const contentOf = async (record: ArtifactRecord): Promise<JsonValue | undefined> => {
    if (record.sizeBytes > MAX_BYTES) return undefined;
    try {
      const bytes = record.inline ? await journal.artifacts.readInline(record.id) : await artifacts.get(record.hash);
      return bytes && parseContent(Buffer.from(bytes).toString());
    } catch {
      return undefined; // gone or damaged: then its value is not told
    }
  };
  return {
    async valueOf(invocation, name) {
      const part = Object.entries(invocation.keyParts?.inputs ?? {}).find(([each]) => inputName(each) === name);
      if (part === undefined) return undefined;
      const [place, hash] = [part[0].replace(/^ref:/, ""), part[1]];
      const row = invocation.inputs.find(({ path, artifactId }) => path === place && artifactId !== null);
      const record = row?.artifactId && (await journal.artifacts.find(row.artifactId));
      if (!record) return findByHash(await parametersOf(invocation.runId), hash);
      const content = await contentOf(record);
      return record.hash === hash ? content : findByHash(content, hash);
    },
  };
}

/** JSON, or JSON lines as a list. */
function parseContent(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    const lines = text.split("\n").filter((line) => line !== "");
    return lines.length < 2 ? undefined : (lines.map((line): JsonValue => JSON.parse(line)) as JsonValue); // an array of JSON
  }
}

/** The value itself or a member of it, at any depth, that has the hash. */
function findByHash(value: JsonValue | undefined, hash: string): JsonValue | undefined {
  const pending = value === undefined ? [] : [value];
  for (let seen = 0; seen < MAX_MEMBERS; seen++) {
    const next = pending.shift();
    if (next === undefined) return undefined;
    if (hashJson(next) === hash) return next;
    if (typeof next === "object" && next !== null) pending.push(...Object.values(next as Record<string, JsonValue>)); // or an array's
  }
  return undefined;
}
