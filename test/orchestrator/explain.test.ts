import { describe, expect, it } from "vitest";
import type { ArtifactStore } from "../../src/contracts/artifacts.ts";
import type { RunJournal } from "../../src/contracts/run-journal.ts";
import type {
  ArtifactRecord,
  CacheKeyParts,
  InvocationRecord,
  MetadataRecord,
  RunRecord,
} from "../../src/contracts/runs.ts";
import { hashBytes, hashJson } from "../../src/core/hash.ts";
import type { JsonValue } from "../../src/core/json.ts";
import { explainStep, type InvocationExplanation } from "../../src/orchestrator/index.ts";

const KEY: CacheKeyParts = {
  code: "code-1",
  inputs: { word: hashJson("a") },
  outputs: { output: "json schema-1" },
  ports: {},
  files: {},
  node: "24",
  protocol: "1",
};
const CODE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "code-1": { "helper.ts": "h1", "shout.ts": "s1", "package zod@4.6.7": "z1" },
  "code-helper": { "helper.ts": "h2", "shout.ts": "s1", "package zod@4.6.7": "z1" },
  "code-zod": { "helper.ts": "h1", "shout.ts": "s1", "package zod@4.7.0": "z2" },
  "code-closure": { "helper.ts": "h1", "shout.ts": "s1", "package zod@4.6.7": "z3" },
  "code-moved": { "other.ts": "h1", "shout.ts": "s1", "package zod@4.6.7": "z1", "package left@1.0.0": "l1" },
};

type Kept = Partial<InvocationRecord> & { readonly atMs?: number };

/** A journal with one step's invocations, each in a run of its own (`run-1`, `run-2`, … a second apart). */
class Past {
  readonly runs: RunRecord[] = [];
  readonly invocations: InvocationRecord[] = [];
  readonly notes: MetadataRecord[] = [];
  readonly contents = new Map<string, JsonValue>();

  add(kept: Kept = {}, run: Partial<RunRecord> = {}): this {
    const id = `run-${this.runs.length + 1}`;
    const atMs = this.runs.length * 1_000;
    this.runs.push({ id, name: id, pipeline: "p", parameters: {}, config: {}, startedAtMs: atMs, ...run } as RunRecord);
    return this.also({ runId: id, atMs, ...kept });
  }

  /** Another invocation of the newest run. */
  also({ atMs = (this.runs.length - 1) * 1_000, ...kept }: Kept): this {
    const made = {
      ...{ runId: `run-${this.runs.length}`, id: "shout-1", kind: "step", step: "shout", displayName: "shout" },
      ...{ state: "completed", attempts: [{ number: 1 }], inputs: [], error: null, cachedFrom: null },
      ...{ cacheKey: hashJson(kept.keyParts ?? KEY), keyParts: KEY, codeDigest: (kept.keyParts ?? KEY)?.code ?? null },
      ...{ startedAtMs: atMs, finishedAtMs: atMs + 10, ...kept },
    };
    this.invocations.push(made as InvocationRecord);
    return this;
  }

  note(value: JsonValue): this {
    this.notes.push({ invocationId: "shout-1", key: "trilith.cache", value });
    return this;
  }

  get journal(): RunJournal {
    const newestFirst = <T extends { startedAtMs: number | null }>(list: readonly T[]): T[] =>
      [...list].sort((a, b) => (b.startedAtMs ?? 0) - (a.startedAtMs ?? 0));
    const journal = {
      findRun: async (id: string) => this.runs.find((run) => run.id === id),
      listRuns: async () => newestFirst(this.runs),
      listInvocations: async (runId: string, { ids }: { ids?: string[] } = {}) =>
        this.invocations.filter((each) => each.runId === runId && (ids?.includes(each.id) ?? true)),
      findEarlier: async (step: string, exceptRunId: string) =>
        newestFirst(this.invocations.filter((each) => each.step === step && each.runId !== exceptRunId)),
      findCode: async (digest: string) => CODE[digest],
      observations: { listMetadata: async () => this.notes },
      artifacts: {
        find: async (id: string) => {
          const content = this.contents.get(id);
          if (content === undefined) return undefined;
          return { id, inline: true, sizeBytes: 10, hash: hashBytes(JSON.stringify(content)) } as ArtifactRecord;
        },
        readInline: async (id: string) => Buffer.from(JSON.stringify(this.contents.get(id))),
      },
    };
    return journal as unknown as RunJournal; // only what explaining asks for
  }

  explain(runId: string, step = "shout"): ReturnType<typeof explainStep> {
    return explainStep({ journal: this.journal, artifacts: {} as ArtifactStore, runId, step });
  }

  /** Of the newest run's only invocation. */
  async last(): Promise<InvocationExplanation> {
    const { invocations } = await this.explain(`run-${this.runs.length}`);
    expect(invocations).toHaveLength(1);
    return invocations[0] as InvocationExplanation; // there is one
  }
}

const edited = (code: string): Kept => ({ keyParts: { ...KEY, code } });
const changed = ({ parts }: InvocationExplanation): string[] =>
  parts
    .filter(({ change }) => change !== "same")
    .map(({ kind, name, change, before, after }) => `${kind} ${name} ${change} ${before} ${after}`);

describe("what is said of a step that ran", () => {
  it("is that it is the first, where nothing was before", async () => {
    const { reason, verdict, comparedWith } = await new Past().add().last();
    expect({ reason, verdict, comparedWith }).toEqual({
      reason: "first",
      verdict: "shout ran because no earlier run of it is known.",
      comparedWith: null,
    });
  });

  it("names the module that was edited, and all that has not changed", async () => {
    const told = await new Past().add().add(edited("code-helper")).last();
    expect(told.verdict).toBe("shout ran because helper.ts was edited.");
    expect(told.comparedWith).toEqual({ runId: "run-1", invocationId: "shout-1", finishedAtMs: 10 });
    expect(changed(told)).toEqual(["module helper.ts changed h1 h2"]);
    expect(told.parts.filter(({ change }) => change === "same").map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "module shout.ts",
      "package zod",
      "input word",
      "output output",
      "node Node.js",
      "protocol orchestrator",
    ]);
  });

  it("names a package with both versions, or says that what it depends on changed", async () => {
    const upgraded = await new Past().add().add(edited("code-zod")).last();
    expect(upgraded.verdict).toBe("shout ran because zod went from 4.6.7 to 4.7.0.");
    expect(changed(upgraded)).toEqual(["package zod changed 4.6.7 4.7.0"]);
    const below = await new Past().add().add(edited("code-closure")).last();
    expect(below.verdict).toBe("shout ran because what zod 4.6.7 depends on changed.");
  });

  it("names modules and packages that it now reaches, and those that it no longer does", async () => {
    const { verdict } = await new Past().add().add(edited("code-moved")).last();
    expect(verdict).toBe(
      "shout ran because it now reaches other.ts, it no longer reaches helper.ts and it now reaches the package left 1.0.0.",
    );
  });

  it("says that the code changed, where what it was made of was not kept", async () => {
    const told = await new Past().add().add(edited("code-unknown")).last();
    expect(told.verdict).toBe("shout ran because its code changed.");
  });

  it("shows a value of the run's parameters before and after", async () => {
    const word = (text: string): [Kept, Partial<RunRecord>] => [
      { keyParts: { ...KEY, inputs: { word: hashJson(text) } } },
      { parameters: { deep: { words: [text] } } },
    ];
    const told = await new Past()
      .add(...word("a"))
      .add(...word("b"))
      .last();
    expect(told.verdict).toBe('shout ran because its input word changed ("a" → "b").');
    expect(changed(told)).toEqual([`input word changed ${hashJson("a")} ${hashJson("b")}`]);
  });

  it("shows what is different in artifacts that it read, whole or a member of them", async () => {
    const past = new Past();
    const read = (artifactId: string, content: JsonValue, member?: JsonValue): Kept => {
      past.contents.set(artifactId, content);
      const hash = hashBytes(JSON.stringify(content));
      const part = member === undefined ? hash : hashJson(member);
      return { keyParts: { ...KEY, inputs: { "ref:list": part } }, inputs: [{ path: "list", hash, artifactId }] };
    };
    past.add(read("words@1", [{ t: "a" }, { t: "b" }])).add(read("words@2", [{ t: "a" }, { t: "c" }, { t: "d" }]));
    expect((await past.last()).verdict).toBe(
      'shout ran because its input list changed ([1].t: "b" → "c"; 1 more item).',
    );
    past.add(read("words@3", { first: "x" }, "x")).add(read("words@4", { first: "y" }, "y"));
    expect((await past.last()).verdict).toContain('changed ("x" → "y")');
  });

  it("counts the items of a list of artifacts that changed", async () => {
    const list = (...hashes: string[]): Kept => ({
      keyParts: { ...KEY, inputs: { "ref:texts": hashJson(hashes) } },
      inputs: hashes.map((hash, i) => ({ path: `texts[${i}]`, hash: hashBytes(hash), artifactId: `text@${hash}` })),
    });
    const { verdict } = await new Past()
      .add(list("1", "2"))
      .add(list("1", "3", "4"))
      .last();
    expect(verdict).toBe(
      "shout ran because its input texts changed (1 of 3 items changed, the first at texts[1]; 1 more item).",
    );
  });

  it("names ports, files, schemas, Node and its own key", async () => {
    const before = { ...KEY, ports: { warehouse: "1" }, files: { "a.txt": "1" } };
    const after = {
      ...before,
      ports: { warehouse: "2" },
      files: { "a.txt": "2" },
      outputs: { output: "json schema-2" },
    };
    const { verdict } = await new Past().add({ keyParts: before }).add({ keyParts: after }).last();
    expect(verdict).toBe(
      "shout ran because the schema of its output output changed, what it reads through warehouse changed and the file a.txt was edited.",
    );
    const own = { ...KEY, code: "", inputs: {}, custom: "1" };
    const other = await new Past()
      .add({ keyParts: own })
      .add({ keyParts: { ...own, custom: "2", node: "26" } })
      .last();
    expect(other.verdict).toBe("shout ran because its cacheKey went from 1 to 2 and Node.js went from 24 to 26.");
    const program = await new Past()
      .add({ keyParts: { ...KEY, program: "1" } })
      .add({ keyParts: { ...KEY, program: "2" } })
      .last();
    expect(program.verdict).toBe("shout ran because the program that it runs, or an argument of it, changed.");
  });

  it("counts what does not fit in the sentence", async () => {
    const keyParts = { ...KEY, code: "code-helper", node: "26", protocol: "2", outputs: { output: "jsonl" } };
    const { verdict } = await new Past().add().add({ keyParts }).last();
    expect(verdict).toBe(
      "shout ran because helper.ts was edited, the schema of its output output changed, Node.js went from 24 to 26, and 1 more part changed.",
    );
  });
});

describe("what a step is compared with", () => {
  it("is the most like it of what finished before it, not the newest", async () => {
    const other = { inputs: { word: hashJson("b") }, ports: { warehouse: "2" } };
    const past = new Past()
      .add()
      .add({ id: "shout-2", keyParts: { ...KEY, ...other } })
      .add(edited("code-helper"));
    past.add({ id: "shout-3" });
    expect((await past.explain("run-3")).invocations[0]?.comparedWith?.runId).toBe("run-1");
  });

  it("is the one of the same id where several are equally like it", async () => {
    const past = new Past();
    past.add({ id: "shout-1" }).also({ id: "shout-2" }).also({ id: "shout-3" });
    past.add({ id: "shout-2", ...edited("code-helper") });
    expect((await past.last()).comparedWith?.invocationId).toBe("shout-2");
  });

  it("is the one whose output it uses, when it was cached", async () => {
    const cachedFrom = { runId: "run-1", invocationId: "shout-1" };
    const told = await new Past().add().add({ state: "cached", attempts: [], cachedFrom }).last();
    expect(told).toMatchObject({ reason: "hit", comparedWith: { runId: "run-1" } });
    expect(told.verdict).toBe(
      "shout was cached: nothing that it depends on has changed since run run-1 made its output.",
    );
    expect(changed(told)).toEqual([]);
  });
});

describe("why a step ran though nothing had changed", () => {
  const again = (): Past => new Past().add().add();

  it("is that the cache was off for the run or for the step", async () => {
    const off = await new Past()
      .add()
      .add({}, { config: { enableCache: false } })
      .last();
    expect(off.verdict).toBe(
      "shout ran because the cache was off for it in this run; nothing that it depends on has changed since run run-1.",
    );
    const config = { enableCache: true, steps: { shout: { enableCache: false } } };
    expect((await new Past().add().add({}, { config }).last()).reason).toBe("cache-off");
    const on = { enableCache: false, steps: { shout: { enableCache: true } } };
    expect((await new Past().add().add({}, { config: on }).last()).reason).toBe("gone");
  });

  it("is what the engine noted: too old, not readable, asked for", async () => {
    const expired = await again().note({ reason: "expired", message: "" }).last();
    expect(expired.verdict).toBe(
      "shout ran because its output of run run-1 was older than its cacheTtlMs; nothing else has changed.",
    );
    const unreadable = await again().note({ reason: "unreadable", message: "shout@1 has other bytes." }).last();
    expect(unreadable.verdict).toBe(
      "shout ran because its output of run run-1 could not be read. shout@1 has other bytes.",
    );
    expect((await again().note({ reason: "undone", message: "" }).last()).verdict).toBe(
      "shout ran because what run run-1 had done with the same input no longer stands.",
    );
    expect((await again().note({ reason: "rerun", message: "" }).last()).verdict).toBe(
      "shout ran because it was asked to run again.",
    );
  });

  it("is that no output with its key was there, where nothing else is known", async () => {
    const { reason, verdict } = await again().last();
    expect(reason).toBe("gone");
    expect(verdict).toMatch(/although nothing .* since run run-1: no output with its key was there to use/);
  });

  it("is that it is never cached, by its declaration or because its code cannot be told", async () => {
    const bare = { keyParts: null, cacheKey: null };
    const declared = await new Past().add(bare).add(bare).last();
    expect(declared.verdict).toBe("shout ran because it is declared with cache: false.");
    const hidden = await new Past()
      .add(bare)
      .note({ reason: "not-cached", message: "a.ts:2 imports a module whose name is computed." })
      .last();
    expect(hidden.verdict).toBe("shout ran because it is not cached: a.ts:2 imports a module whose name is computed.");
  });
});

describe("what is said of a step that did not end well, or not here", () => {
  const error = { name: "Error", code: null, message: "the disk is full", stack: null };

  it("is why it failed and why it ran", async () => {
    const attempts = [{ number: 1 }, { number: 2 }] as unknown as InvocationRecord["attempts"];
    const { verdict } = await new Past()
      .add()
      .add({ state: "failed", attempts, error, ...edited("code-helper") })
      .last();
    expect(verdict).toBe("shout failed after 2 attempts (the disk is full); it ran because helper.ts was edited.");
  });

  it("is why it did not run", async () => {
    const { reason, verdict } = await new Past()
      .add({ state: "skipped", attempts: [], error, keyParts: null, cacheKey: null })
      .last();
    expect([reason, verdict]).toEqual(["not-run", "shout did not run: the disk is full"]);
  });

  it("is what has changed in its code since it finished, when a resumed run kept it", async () => {
    const { verdict } = await new Past().add().note({ reason: "kept", message: "", codeDigest: "code-helper" }).last();
    expect(verdict).toBe("shout was kept from before the run was resumed, though helper.ts was edited.");
  });

  it("is from where it was taken over, when a run does another one again", async () => {
    const cachedFrom = { runId: "run-1", invocationId: "shout-1" };
    const taken = { state: "cached", attempts: [], cachedFrom, ...edited("code-helper") } as const;
    const { verdict } = await new Past().add().add(taken).last();
    expect(verdict).toBe("shout was kept from run run-1, which this one does again, though helper.ts was edited.");
  });
});

describe("what is asked for", () => {
  const past = (): Past =>
    new Past()
      .add({ id: "shout-1" })
      .also({ id: "shout-2", displayName: "shout_2" })
      .also({ id: "clean-1", step: "clean", displayName: "clean" });
  const idsOf = async (step: string): Promise<string[]> =>
    (await past().explain("run-1", step)).invocations.map(({ invocationId }) => invocationId);

  it("is a step for all its invocations, or one by its display name or id", async () => {
    expect(await idsOf("shout")).toEqual(["shout-1", "shout-2"]);
    expect(await idsOf("shout_2")).toEqual(["shout-2"]);
    expect(await idsOf("clean-1")).toEqual(["clean-1"]);
  });

  it("is refused with the nearest names when it is not there", async () => {
    await expect(past().explain("run-1", "shuot")).rejects.toThrow(
      'No step of run run-1 is called "shuot". Did you mean "shout"? There are shout, clean. Give one of those.',
    );
    await expect(past().explain("rum-1")).rejects.toMatchObject({ code: "nothing-to-explain", usage: true });
    await expect(past().explain("rum-1")).rejects.toThrow('No run is called "rum-1". Did you mean "run-1"?');
    await expect(new Past().explain("run-1")).rejects.toThrow("There is none yet.");
  });
});
