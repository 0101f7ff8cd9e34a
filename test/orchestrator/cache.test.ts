import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  each,
  json,
  type Pipeline,
  pipeline,
  type RunEvent,
  type RunOptions,
  runPipeline,
  step,
} from "../../src/orchestrator/index.ts";
import { type JournalWorkspace, openJournalWorkspace } from "./journal-workspace.ts";

const ran: string[] = [];
const note = (what: string): void => void ran.push(what);

const shout = step({
  name: "shout",
  input: z.object({ word: z.string() }),
  output: z.string(),
  run({ word }) {
    note(word);
    return `${word}!`.padEnd(70_000);
  },
});
const stamp = step({ name: "stamp", output: z.number(), cache: false, run: () => ran.push("stamp") });
const brief = step({ name: "brief", output: z.number(), cacheTtlMs: 1_000, run: () => ran.push("brief") });
const peek = step({ name: "peek", output: z.number(), uses: ["warehouse"], run: () => ran.push("peek") });
/** What it does in the world is the number on the door. */
let onTheDoor = 0;
const paint = step({
  name: "paint",
  input: z.object({ number: z.int() }),
  output: z.number(),
  uses: ["warehouse"],
  stands: (number) => number === onTheDoor,
  run({ number }) {
    note(`paint ${number}`);
    onTheDoor = number;
    return number;
  },
});
const look = step({
  name: "look",
  output: z.number(),
  files: ["crash-program.ts", "absent.txt"],
  run: () => ran.push("look"),
});
const embed = step({
  name: "embed",
  input: z.object({ word: z.string() }),
  output: z.number(),
  uses: ["embedders"],
  run: () => ran.push("embed"),
});
/** Gives the same every time, and each time a new version of it. */
const draw = step({
  name: "draw",
  output: z.string(),
  cache: false,
  run() {
    note("draw");
    return "a";
  },
});
const initial = step({
  name: "initial",
  input: z.object({ word: z.string(), loud: z.boolean().default(false) }),
  output: z.string(),
  cacheKey: ({ word }) => {
    if (word === "") throw new RangeError("the word is empty");
    return { letter: word.slice(0, 1) };
  },
  run({ word }) {
    note(word);
    return word.slice(0, 1);
  },
});
const speak = step({
  name: "speak",
  input: z.object({ loud: z.boolean().default(false) }),
  output: z.boolean(),
  run({ loud }) {
    note(String(loud));
    return loud;
  },
});
const slowly = step({
  name: "slowly",
  input: z.object({ word: z.string() }),
  output: z.string(),
  async run({ word }) {
    note(word);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return word;
  },
});

const shouting = pipeline({
  name: "shouting",
  parameters: z.object({ word: z.string() }),
  run: ({ word }) => ({ made: shout({ word }) }),
});

/** Runs it, and says which steps ran and what was told of the others. */
async function outcome<P extends Pipeline>(
  pipe: P,
  parameters: z.input<P["parameters"]>,
  options: RunOptions,
): Promise<{ ran: string[]; told: string[] }> {
  ran.length = 0;
  const { result, events } = await runPipeline(pipe, parameters, options);
  await result;
  const told = (await Array.fromAsync(events)).flatMap((event: RunEvent) =>
    event.type === "step-cached"
      ? `cached ${event.displayName}`
      : event.type === "run-warning"
        ? `${event.code} ${event.message}`
        : [],
  );
  return { ran: [...ran], told };
}

describe("the cache", () => {
  it("uses an output of an earlier run, of any pipeline, for the same code and input", async () => {
    const workspace = await openJournalWorkspace();
    expect(await outcome(shouting, { word: "a" }, { workspace })).toEqual({ ran: ["a"], told: [] });
    expect(await outcome(shouting, { word: "a" }, { workspace })).toEqual({ ran: [], told: ["cached shout"] });
    expect(await outcome(shouting, { word: "b" }, { workspace })).toEqual({ ran: ["b"], told: [] });
    const other = pipeline({ name: "other", run: () => ({ again: shout({ word: shout({ word: "a" }) }) }) });
    expect((await outcome(other, {}, { workspace })).told).toEqual(["cached shout"]);
  });

  it("says in the journal where a cached invocation's outputs come from", async () => {
    const workspace = await openJournalWorkspace();
    const first = await runPipeline(shouting, { word: "a" }, { workspace });
    await first.result;
    const second = await runPipeline(shouting, { word: "a" }, { workspace });
    await second.result;
    const [invocation] = await workspace.runs.listInvocations(second.id);
    expect(invocation).toMatchObject({
      state: "cached",
      attempts: [],
      cachedFrom: { runId: first.id },
      outputs: [{ id: "shout@1" }],
    });
    expect(Object.keys(invocation?.keyParts ?? {})).toEqual([
      "code",
      "inputs",
      "outputs",
      "ports",
      "files",
      "node",
      "protocol",
    ]);
  });

  it("is off for a step that says so, and for a run or step whose settings say so", async () => {
    const workspace = await openJournalWorkspace();
    const both = pipeline({ name: "both", run: () => ({ made: shout({ word: "a" }), at: stamp() }) });
    await outcome(both, {}, { workspace });
    expect((await outcome(both, {}, { workspace })).ran).toEqual(["stamp"]);
    expect((await outcome(both, {}, { workspace, settings: { enableCache: false } })).ran.sort()).toEqual([
      "a",
      "stamp",
    ]);
    const settings = { enableCache: false, steps: { shout: { enableCache: true } } };
    expect((await outcome(both, {}, { workspace, settings })).ran).toEqual(["stamp"]);
  });

  it("misses when a port that the step uses reads differently", async () => {
    const workspace = await openJournalWorkspace();
    const peeking = pipeline({ name: "peeking", run: () => ({ at: peek() }) });
    await outcome(peeking, {}, { workspace });
    expect((await outcome(peeking, {}, { workspace })).ran).toEqual([]);
    workspace.fingerprints["vectors"] = "2";
    expect((await outcome(peeking, {}, { workspace })).ran).toEqual([]);
    workspace.fingerprints["warehouse"] = "2";
    expect((await outcome(peeking, {}, { workspace })).ran).toEqual(["peek"]);
  });

  it("holds for a step that changes the world as long as what it did stands, whatever its ports read", async () => {
    const workspace = await openJournalWorkspace();
    const painting = pipeline({
      name: "painting",
      parameters: z.object({ number: z.int() }),
      run: ({ number }) => ({ painted: paint({ number }) }),
    });
    const painted = async (number: number) => (await outcome(painting, { number }, { workspace })).ran;
    expect(await painted(1)).toEqual(["paint 1"]);
    workspace.fingerprints["warehouse"] = "2";
    expect(await painted(1)).toEqual([]);
    expect(await painted(2)).toEqual(["paint 2"]);
    expect(await painted(1)).toEqual(["paint 1"]);
    onTheDoor = 7;
    expect(await painted(1)).toEqual(["paint 1"]);
  });

  it("misses only in the steps that use a port when it reads differently", async () => {
    const workspace = await openJournalWorkspace();
    const embedding = pipeline({
      name: "embedding",
      run: () => ({ a: embed({ word: "a" }), b: shout({ word: "b" }) }),
    });
    await outcome(embedding, {}, { workspace });
    workspace.fingerprints["embedders"] = "another model";
    expect(await outcome(embedding, {}, { workspace })).toEqual({ ran: ["embed"], told: ["cached shout"] });
  });

  it("misses when the data behind a port went, and hits when the same data is back", async () => {
    const workspace = await openJournalWorkspace();
    const peeking = pipeline({ name: "peeking", run: () => ({ at: peek() }) });
    workspace.fingerprints["warehouse"] = "two documents";
    await outcome(peeking, {}, { workspace });
    workspace.fingerprints["warehouse"] = "one document";
    expect((await outcome(peeking, {}, { workspace })).ran).toEqual(["peek"]);
    workspace.fingerprints["warehouse"] = "two documents";
    expect((await outcome(peeking, {}, { workspace })).ran).toEqual([]);
  });

  it("knows an input by its content, whatever version of an artifact it is", async () => {
    const workspace = await openJournalWorkspace();
    const drawing = pipeline({ name: "drawing", run: () => ({ made: shout({ word: draw() }) }) });
    expect((await outcome(drawing, {}, { workspace })).ran).toEqual(["draw", "a"]);
    expect(await outcome(drawing, {}, { workspace })).toEqual({ ran: ["draw"], told: ["cached shout"] });
    const versions = await workspace.runs.artifacts.list({ name: "draw" });
    expect(versions.map(({ id }) => id)).toEqual(["draw@2", "draw@1"]);
  });

  it("counts the members of the input that a run's settings give", async () => {
    const workspace = await openJournalWorkspace();
    const speaking = pipeline({ name: "speaking", run: () => ({ said: speak({}) }) });
    const loud = { steps: { speak: { parameters: { loud: true } } } };
    expect((await outcome(speaking, {}, { workspace })).ran).toEqual(["false"]);
    expect((await outcome(speaking, {}, { workspace, settings: loud })).ran).toEqual(["true"]);
    expect((await outcome(speaking, {}, { workspace, settings: loud })).ran).toEqual([]);
    expect((await outcome(speaking, {}, { workspace })).ran).toEqual([]);
  });

  it("uses a step's own cacheKey in place of its code and input", async () => {
    const workspace = await openJournalWorkspace();
    const take = pipeline({
      name: "take",
      parameters: z.object({ word: z.string() }),
      run: ({ word }) => ({ letter: initial({ word }) }),
    });
    expect((await outcome(take, { word: "ant" }, { workspace })).ran).toEqual(["ant"]);
    expect(await outcome(take, { word: "ape" }, { workspace })).toEqual({ ran: [], told: ["cached initial"] });
    expect((await outcome(take, { word: "bee" }, { workspace })).ran).toEqual(["bee"]);
    await expect(outcome(take, { word: "" }, { workspace })).rejects.toThrow(
      "The cacheKey of the step initial failed (the word is empty)",
    );
  });

  it("counts declared files by content, and absent ones as absent", async () => {
    const workspace = await openJournalWorkspace();
    const { id, result } = await runPipeline(
      pipeline({ name: "looking", run: () => ({ at: look() }) }),
      {},
      { workspace },
    );
    await result;
    const [invocation] = await workspace.runs.listInvocations(id);
    expect(invocation?.keyParts?.files).toEqual({
      "crash-program.ts": expect.stringMatching(/^sha256:/),
      "absent.txt": "absent",
    });
  });

  it("forgets after its time to live", async () => {
    let nowMs = 1e12;
    const clock = { now: () => nowMs, sleep: async () => undefined };
    const workspace = await openJournalWorkspace({ clock });
    const briefly = pipeline({ name: "briefly", run: () => ({ at: brief() }) });
    await outcome(briefly, {}, { workspace });
    nowMs += 1_000;
    expect((await outcome(briefly, {}, { workspace })).ran).toEqual([]);
    nowMs += 1;
    expect((await outcome(briefly, {}, { workspace })).ran).toEqual(["brief"]);
  });

  it("runs equal calls of one moment once, in one run and in two", async () => {
    const workspace = await openJournalWorkspace();
    const twice = pipeline({ name: "twice", run: () => ({ all: each(["a", "a", "b"], (word) => slowly({ word })) }) });
    ran.length = 0;
    const handles = [await runPipeline(twice, {}, { workspace }), await runPipeline(twice, {}, { workspace })];
    expect(await Promise.all(handles.map(({ result }) => result))).toEqual([
      { all: ["a", "a", "b"] },
      { all: ["a", "a", "b"] },
    ]);
    expect(ran.sort()).toEqual(["a", "b"]);
  });

  it("does not use an output whose bytes are damaged: names it, and makes it anew", async () => {
    const workspace: JournalWorkspace = await openJournalWorkspace();
    await outcome(shouting, { word: "a" }, { workspace });
    const hash = (await workspace.runs.artifacts.find("shout"))?.hash ?? "";
    await workspace.blobs.delete(hash.replace(":", "-"));
    const { ran: again, told } = await outcome(shouting, { word: "a" }, { workspace });
    expect(again).toEqual(["a"]);
    expect(told).toEqual([
      expect.stringMatching(/^output-unreadable The artifact shout@1 cannot be read \(.*holds no sha256/),
    ]);
    expect((await outcome(shouting, { word: "a" }, { workspace })).ran).toEqual([]);
  });

  it("caches a step that is made inside a function when it has a cacheKey of its own", async () => {
    const workspace = await openJournalWorkspace();
    const made = step({ name: "made", output: json(z.number()), cacheKey: () => 1, run: () => ran.push("made") });
    const making = pipeline({ name: "making", run: () => ({ made: made() }) });
    await outcome(making, {}, { workspace });
    expect(await outcome(making, {}, { workspace })).toEqual({ ran: [], told: ["cached made"] });
  });

  it("does not cache a step that is made inside a function, and says so", async () => {
    const workspace = await openJournalWorkspace();
    const made = step({ name: "made", output: json(z.number()), run: () => ran.push("made") });
    const making = pipeline({ name: "making", run: () => ({ made: made() }) });
    await outcome(making, {}, { workspace });
    const { ran: again, told } = await outcome(making, {}, { workspace });
    expect(again).toEqual(["made"]);
    expect(told).toEqual([
      expect.stringMatching(/^step-not-cached The step made is not cached: it is not a constant of its module/),
    ]);
  });
});
