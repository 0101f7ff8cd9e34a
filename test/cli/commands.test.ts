import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, PACKAGE_FOLDER, runTrilith } from "./run-trilith.ts";

const COMMANDS = ["run", "runs", "resume", "artifacts", "import", "search", "ask", "models", "serve", "start"];

let folder: string;
/** Nothing has been collected into it. */
let empty: string;
/** Three notes of one author, with features and an index. */
let full: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trilith-commands-"));
  [empty, full] = [join(folder, "empty"), join(folder, "full")];
  const notes = join(PACKAGE_FOLDER, "examples/authors/terse-engineer");
  const links = ["01-first-crawl.md", "08-chunking.md", "20-quantization.md"].map((name) => join(notes, name));
  await expectDone(
    inFull("run", "digital_data_etl", "--set", "user_full_name=Theo Terse", "--set", `links=[${links}]`),
  );
  await expectDone(inFull("run", "feature_engineering", "--set", "author_full_names=[Theo Terse]"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const inEmpty = (...args: string[]): Promise<Ended> => runTrilith([...args, "--workspace", empty]);
const inFull = (...args: string[]): Promise<Ended> => runTrilith([...args, "--workspace", full]);

async function expectDone(ending: Promise<Ended>): Promise<Ended> {
  const ended = await ending;
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
}

/** What was wrong with the command: exit code 2, nothing on standard output, a message and no stack. */
async function refusal(ending: Promise<Ended>): Promise<string> {
  const { code, stdout, stderr } = await ending;
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: "" });
  expect(stderr).not.toMatch(/^\s+at |node:internal|fault of Trilith/m);
  return stderr;
}

function configFile(name: string, ...lines: string[]): string {
  const file = join(folder, name);
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

describe("a command that cannot be right", () => {
  it("names the nearest pipeline to an unknown one", async () => {
    const told = await refusal(inEmpty("run", "featur_engineering"));
    expect(told).toContain('No pipeline is called "featur_engineering". Did you mean "feature_engineering"?');
    expect(told).toContain(
      "digital_data_etl, evaluating, feature_engineering, generate_datasets, pretraining, training",
    );
  });

  it("says where YAML is malformed", async () => {
    const file = configFile("malformed.yaml", "parameters:", "  author_full_names: [Jane", "  other: a: b");
    expect(await refusal(inEmpty("run", "feature_engineering", "--config", file))).toContain(`${file}:3:`);
  });

  it("names a configuration file that is not there", async () => {
    const file = join(folder, "nowhere.yaml");
    const told = await refusal(inEmpty("run", "feature_engineering", "--config", file));
    expect(told).toMatch(/The file .*nowhere\.yaml cannot be read \(ENOENT.*give the path of a file that exists/);
  });

  it("says where a parameter has the wrong type, of all that have one", async () => {
    const file = configFile("types.yaml", "parameters:", "  samples_per_voice: many", "", "  is_dummy: perhaps");
    const told = await refusal(inEmpty("run", "evaluating", "--config", file));
    expect(told).toContain(`${file}:2:3: parameters.samples_per_voice: Invalid input: expected number`);
    expect(told).toContain(`${file}:4:3: parameters.is_dummy: Invalid input: expected boolean`);
  });

  it("names the nearest key to an unknown one, and its line", async () => {
    const file = configFile("keys.yaml", "enable_cach: true", "parameters: {}");
    const told = await refusal(inEmpty("run", "evaluating", "--config", file));
    expect(told).toContain(`${file}:1:1: the key enable_cach is not known here. Did you mean enable_cache?`);
    const typo = await refusal(inEmpty("run", "evaluating", "--set", "is_dumy=true"));
    expect(typo).toContain("--set is_dumy=true: the key parameters.is_dumy is not known here. Did you mean is_dummy?");
  });

  it("asks for a parameter that is not given, and says how to give it", async () => {
    const told = await refusal(inEmpty("run", "feature_engineering"));
    expect(told).toContain("parameters.author_full_names");
    expect(told).toContain("--set");
  });

  it("names an option's value that is none", async () => {
    expect(await refusal(inEmpty("runs", "--limit", "-3"))).toContain(
      '--limit was given "-3"; expected a whole number',
    );
    expect(await refusal(inEmpty("serve", "--port", "x"))).toContain('--port was given "x"');
    expect(await refusal(inFull("search", "a", "--dense-weight", "2"))).toContain('--dense-weight was given "2"');
  });

  it("names what it does not know: a command, an argument that is missing, a run, an artifact, an author, a model", async () => {
    expect(await refusal(inEmpty("artifact"))).toMatch(/unknown command 'artifact'[^]*artifacts/);
    expect(await refusal(inEmpty("run"))).toContain("missing required argument 'pipeline'");
    expect(await refusal(inEmpty("runs", "r1"))).toMatch(/No run is called "r1".*trilith runs/);
    expect(await refusal(inEmpty("resume"))).toMatch(/No run here was stopped before its end/);
    expect(await refusal(inEmpty("resume", "r1"))).toMatch(/No run is called "r1".*trilith runs/);
    expect(await refusal(inEmpty("artifacts", "a@1"))).toMatch(/No artifact is called "a@1".*trilith artifacts/);
    expect(await refusal(inFull("ask", "why?", "--author", "Theo Ters"))).toContain('Did you mean "Theo Terse"?');
    expect(await refusal(inFull("models", "twin-theo"))).toMatch(
      /No model is called "twin-theo".*trilith run training/,
    );
  });

  it("says what to run when there is no index to search", async () => {
    for (const command of ["search", "ask"]) {
      expect(await refusal(inEmpty(command, "chunk size"))).toMatch(
        /never been built.*trilith run feature_engineering/,
      );
    }
  });

  it("names a database that is a text file, and leaves it as it is", async () => {
    const wrong = join(folder, "wrong");
    mkdirSync(wrong);
    writeFileSync(join(wrong, "trilith.db"), "Dear diary, this is no database.\n");
    const told = await refusal(runTrilith(["runs", "--workspace", wrong]));
    expect(told).toMatch(
      /The database .*wrong\/trilith\.db is damaged, or no database \(file is not a database\).*--workspace/,
    );
  });

  it("shows the stack with --debug alone", async () => {
    const { code, stderr } = await inEmpty("models", "x", "--debug");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^\s+at /m);
  });
});

describe("--help", () => {
  it("of Trilith names every command", async () => {
    const { stdout } = await expectDone(runTrilith(["--help"]));
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
  });

  it.each(COMMANDS)("of %s has an example", async (command) => {
    const { stdout, stderr } = await expectDone(runTrilith([command, "--help"]));
    expect(stdout).toMatch(new RegExp(`^Usage: trilith ${command} `));
    expect(stdout).toMatch(/^Example:\n {2}\S/m);
    expect(stderr).toBe("");
  });
});

describe("--json", () => {
  const parsed = async (ending: Promise<Ended>): Promise<unknown> => JSON.parse((await expectDone(ending)).stdout);

  it("of run is the run's record, and nothing else is on standard output", async () => {
    const record = await parsed(
      inFull("run", "feature_engineering", "--json", "--set", "author_full_names=[Theo Terse]"),
    );
    expect(record).toMatchObject({ pipeline: "feature_engineering", state: "completed" });
  });

  it("of runs and artifacts is the list, and one of it", async () => {
    const runs = await parsed(inFull("runs", "--json"));
    expect(runs).toEqual(expect.arrayContaining([expect.objectContaining({ pipeline: "digital_data_etl" })]));
    const [artifact] = (await parsed(inFull("artifacts", "clean_documents.cleaned_documents", "--json"))) as object[];
    expect(artifact).toMatchObject({ id: "clean_documents.cleaned_documents@1", materializer: "rows" });
    expect(await parsed(inFull("artifacts", "clean_documents.cleaned_documents@1", "--json"))).toMatchObject({
      sizeBytes: expect.any(Number),
    });
  });

  it("of search is the hits, best first", async () => {
    const hits = await parsed(inFull("search", "quantization", "--limit", "2", "--json"));
    expect(hits).toHaveLength(2);
    expect(hits).toMatchObject([{ chunk: { source: expect.stringContaining("20-quantization.md") } }, {}]);
  });

  it("of ask is the answer, and a refusal is one: it exits with 0", async () => {
    expect(await parsed(inFull("ask", "What chunk size is used?", "--json"))).toMatchObject({ format: 1 });
    const refused = await parsed(inFull("ask", "Who won the football championship in Uruguay?", "--json"));
    expect(refused).toMatchObject({ refused: true, citations: [], reason: expect.any(String) });
    expect((await expectDone(inFull("ask", "Who won the football championship in Uruguay?"))).stdout).not.toBe("");
  });

  it("of models is a list, also when there is none", async () => {
    expect(await parsed(inEmpty("models", "--json"))).toEqual([]);
  });

  it("of an error is its code and its message", async () => {
    const { code, stdout } = await inEmpty("runs", "r1", "--json");
    expect({ code, ...JSON.parse(stdout) }).toEqual({
      code: 2,
      error: { code: "unknown-name", message: expect.stringContaining('"r1"') },
    });
  });
});
