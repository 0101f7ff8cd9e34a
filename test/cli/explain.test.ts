import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Ended, PACKAGE_FOLDER, runTrilith } from "./run-trilith.ts";

const lock = (version: string): string =>
  JSON.stringify({
    packages: { "": { name: "project" }, "node_modules/marker": { version, integrity: `sha512-${version}` } },
  });
const marker = (version: string): string =>
  JSON.stringify({ name: "marker", version, type: "module", exports: "./index.js" });
const STEP = `import { each, pipeline, step } from "trilith";
import { z } from "zod";
import { mark } from "../src/helper.ts";
export const shout = step({ name: "shout", input: z.object({ word: z.string() }), output: z.string(), run: ({ word }) => mark(word) });
export const shouting = pipeline({
  name: "shouting",
  parameters: z.object({ word: z.string().default("a"), more: z.array(z.string()).default([]) }),
  run: ({ word, more }) => ({ made: shout({ word }), all: each(more, (word) => shout({ word })) }),
});
`;

const folder = realpathSync(mkdtempSync(join(tmpdir(), "trilith-explain-")));
const write = (file: string, text: string): void => {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
};
write("package.json", `{ "name": "project", "type": "module" }`);
write("package-lock.json", lock("1.0.0"));
write("node_modules/marker/package.json", marker("1.0.0"));
write("node_modules/marker/index.js", `export const sign = "!";\n`);
write("src/helper.ts", `import { sign } from "marker";\nexport const mark = (word: string): string => word + sign;\n`);
write("pipelines/shouting.ts", STEP);
symlinkSync(PACKAGE_FOLDER, join(folder, "node_modules/trilith"));
symlinkSync(join(PACKAGE_FOLDER, "node_modules/zod"), join(folder, "node_modules/zod"));
afterAll(() => rmSync(folder, { recursive: true }));

const trilith = (...args: string[]): Promise<Ended> => runTrilith(args, { cwd: folder });

/** Runs the pipeline and returns the run's id. */
async function runOnce(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await trilith("run", "shouting", "--json", ...args);
  expect(code, stderr).toBe(0);
  return (JSON.parse(stdout) as { id: string }).id;
}

/** What is explained of the run's step, line by line. */
async function explain(run: string, step = "shout"): Promise<string[]> {
  const { code, stdout, stderr } = await trilith("explain", run, step);
  expect(code, stderr).toBe(0);
  return stdout.trimEnd().split("\n");
}

let first: string;

describe("trilith explain", () => {
  it("says what ran first, and from which run its output was used again", async () => {
    first = await runOnce();
    expect(await explain(first)).toEqual(["shout ran because no earlier run of it is known."]);
    write(
      "src/helper.ts",
      `import { sign } from "marker";\n/** Marks. */\nexport const mark = (word: string): string => word + sign;\n`,
    );
    const [verdict, compared, ...rows] = await explain(await runOnce());
    expect(verdict).toBe(
      `shout was cached: nothing that it depends on has changed since run ${first} made its output.`,
    );
    expect(compared).toMatch(new RegExp(`^Compared with shout-[0-9a-f]{12} of run ${first}:$`));
    expect(rows).toEqual([
      "  =  module    pipelines/shouting.ts, src/helper.ts",
      "  =  package   marker, zod",
      "  =  input     word",
      "  =  output    output",
      "  =  node      Node.js",
      "  =  protocol  orchestrator",
    ]);
  });

  it("names the helper that was edited", async () => {
    write(
      "src/helper.ts",
      `import { sign } from "marker";\nexport const mark = (word: string): string => word + "?" + sign;\n`,
    );
    const [verdict, , row] = await explain(await runOnce());
    expect(verdict).toBe("shout ran because src/helper.ts was edited.");
    expect(row).toMatch(/^ {2}≠ {2}module {4}src\/helper\.ts +[0-9a-f]{12} → [0-9a-f]{12}$/);
  });

  it("names a package that was upgraded, with both versions", async () => {
    write("package-lock.json", lock("1.1.0"));
    write("node_modules/marker/package.json", marker("1.1.0"));
    const [verdict, , row] = await explain(await runOnce());
    expect(verdict).toBe("shout ran because marker went from 1.0.0 to 1.1.0.");
    expect(row).toMatch(/^ {2}≠ {2}package {3}marker +1\.0\.0 → 1\.1\.0$/);
  });

  it("shows an input's value before and after", async () => {
    const [fromDefault] = await explain(await runOnce("--set", "word=b"));
    expect(fromDefault).toBe('shout ran because its input word changed (now "b").');
    const [verdict, , row] = await explain(await runOnce("--set", "word=c"));
    expect(verdict).toBe('shout ran because its input word changed ("b" → "c").');
    expect(row).toMatch(/^ {2}≠ {2}input {5}word +"b" → "c"$/);
  });

  it("says that the cache was off", async () => {
    const [verdict] = await explain(await runOnce("--no-cache"));
    expect(verdict).toMatch(/^shout ran because the cache was off for it in this run; nothing .* since run shouting-/);
  });

  it("tells many calls by how they ended, and in full those that ran", async () => {
    const [verdict, ...rest] = await explain(await runOnce("--set", "more=[b, d]"));
    expect(verdict).toBe("shout was called 3 times: 2 cached, 1 completed.");
    expect(rest.join("\n")).toContain('shout_3 ran because its input word changed (now "d").');
  });

  it("gives everything as JSON", async () => {
    const { stdout } = await trilith("explain", first, "shout", "--json");
    const told = JSON.parse(stdout) as { run: { id: string }; invocations: { reason: string; keyParts: object }[] };
    expect(told.run.id).toBe(first);
    expect(told.invocations).toMatchObject([{ reason: "first", keyParts: { node: expect.any(String) } }]);
  });

  it("names the nearest to a run or step that is not there", async () => {
    const step = await trilith("explain", first, "shuot");
    expect([step.code, step.stdout]).toEqual([2, ""]);
    expect(step.stderr).toContain('is called "shuot". Did you mean "shout"?');
    const run = await trilith("explain", `${first}x`, "shout");
    expect(run.stderr).toContain(`No run is called "${first}x". Did you mean "${first}"?`);
  });
});
