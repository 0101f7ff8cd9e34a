import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, PACKAGE_FOLDER, runTrilith } from "./run-trilith.ts";

let folder: string;
const inProject = (...args: string[]): Promise<Ended> => runTrilith(args, { cwd: folder, env: { TZ: "Asia/Tokyo" } });
const schedule = (...args: string[]): Promise<Ended> => inProject("schedule", ...args);

/** What a command that must succeed prints with `--json`. */
async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await inProject(...args, "--json");
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as T; // of the command that the test has named
}

interface ListedRun {
  readonly id: string;
  readonly state: string;
  readonly tags: readonly string[];
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "trilith-schedule-"));
  for (const name of ["pipelines", "node_modules"]) mkdirSync(join(folder, name));
  symlinkSync(PACKAGE_FOLDER, join(folder, "node_modules/trilith"), "dir");
  symlinkSync(join(PACKAGE_FOLDER, "node_modules/zod"), join(folder, "node_modules/zod"), "dir");
  write("package.json", '{ "type": "module" }');
  write(
    "pipelines/note.ts",
    `import { pipeline, step } from "trilith";
import { z } from "zod";
export const write = step({
  name: "write",
  input: z.object({ text: z.string() }),
  output: z.string(),
  run: ({ text }) => text,
});
export const note = pipeline({
  name: "note",
  parameters: z.object({ text: z.string() }),
  run: ({ text }) => write({ text }),
});
`,
  );
  write("nightly.yaml", "parameters: { text: hello }\nschedule:\n  name: nightly\n  cron_expression: 30 2 * * *\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

describe("trilith schedule", () => {
  it("deploys once a name, backfills what has no run yet, and a worker runs it", async () => {
    const deploy = (...more: string[]) =>
      json<{ replaced: boolean }>("schedule", "deploy", "note", "--config", "nightly.yaml", ...more);
    expect((await deploy()).replaced).toBe(false);
    expect((await deploy("--set", "schedule.time_zone=Europe/Berlin")).replaced).toBe(true);

    const { stdout } = await schedule("show", "nightly");
    expect(stdout).toContain("30 2 * * * (Europe/Berlin)");
    expect(stdout).toMatch(/UTC +Europe\/Berlin +Asia\/Tokyo/);
    expect(stdout.match(/ 02:30:00 /g)?.length).toBe(5);

    const range = ["schedule", "backfill", "nightly", "--from", "2026-10-24", "--to", "2026-10-27"];
    const planned = await json<ListedRun[]>(...range, "--dry-run");
    expect(planned.length).toBe(3);
    expect((await json<ListedRun[]>(...range)).map(({ id }) => id)).toEqual(planned.map(({ id }) => id));
    expect(await json(...range)).toEqual([]);
    await json("schedule", "trigger", "nightly");

    expect((await inProject("worker", "--once")).code).toBe(0);
    const runs = await json<ListedRun[]>("runs", "--tag", "schedule:nightly");
    expect(runs.map(({ state }) => state)).toEqual(["completed", "completed", "completed", "completed"]);
  }, 60_000);

  it("pauses, goes on and deletes", async () => {
    await json("schedule", "deploy", "note", "--config", "nightly.yaml", "--set", "schedule.name=other");
    expect(await json("schedule", "pause", "other")).toMatchObject({ paused: true });
    expect((await schedule("list")).stdout).toMatch(/other +note +30 2 \* \* \* \(UTC\) +latest +paused/);
    expect(await json("schedule", "resume", "other")).toMatchObject({ paused: false });
    await json("schedule", "delete", "other");
    const gone = await schedule("show", "other");
    expect({ code: gone.code, stdout: gone.stdout }).toEqual({ code: 2, stdout: "" });
  }, 60_000);

  it("says what is wrong, with its place", async () => {
    const refusal = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await schedule(...args);
      expect(code).toBe(2);
      return stderr;
    };
    write("wrong.yaml", "parameters: { text: a }\nschedule:\n  cron_expression: 0 3 30 2 *\n");
    expect(await refusal("deploy", "note", "--config", "wrong.yaml")).toMatch(/wrong\.yaml:3:3: .*it never fires/);
    write("none.yaml", "parameters: { text: a }\n");
    expect(await refusal("deploy", "note", "--config", "none.yaml")).toMatch(/a file with a schedule: key/);
    await json("schedule", "deploy", "note", "--config", "nightly.yaml");
    expect(await refusal("pause", "nihgtly")).toContain("Did you mean nightly?");
    expect(await refusal("backfill", "nightly", "--from", "2026-10-24", "--to", "2026-10-23")).toContain("--to");
    expect(await refusal("backfill", "nightly", "--from", "1990-01-01", "--to", "2026-10-23")).toContain("--limit");
  }, 60_000);
});
