import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Ended, PACKAGE_FOLDER, runTrilith, startTrilith } from "./run-trilith.ts";

/** Three steps; the second waits while there is a file `hold`. Each execution appends its step's name to `effects.log`. */
const PIPELINE = `
import { appendFileSync, existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { pipeline, step } from "trilith";
import { z } from "zod";

const effect = (name: string): void => appendFileSync("effects.log", name + "\\n");

const gather = step({
  name: "gather",
  output: z.string(),
  run() {
    effect("gather");
    return "word ".repeat(20_000); // too large for the journal
  },
});
const wait = step({
  name: "wait",
  input: z.object({ text: z.string() }),
  output: z.number(),
  async run({ text }, { signal }) {
    effect("wait");
    while (existsSync("hold")) await setTimeout(20, undefined, { signal });
    return text.length;
  },
});
const tell = step({
  name: "tell",
  input: z.object({ text: z.string(), length: z.number() }),
  output: z.string(),
  run({ text, length }) {
    effect("tell");
    return text.slice(0, 5) + length;
  },
});

export const slow = pipeline({
  name: "slow",
  run() {
    const text = gather();
    return { told: tell({ text, length: wait({ text }) }) };
  },
});
`;

/** A project of somebody else, in a folder of its own, with Trilith among its dependencies. */
class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "trilith-project-"));

  constructor() {
    mkdirSync(join(this.folder, "pipelines"));
    mkdirSync(join(this.folder, "node_modules"));
    writeFileSync(join(this.folder, "package.json"), '{ "type": "module" }\n');
    writeFileSync(join(this.folder, "pipelines/slow.ts"), PIPELINE);
    symlinkSync(PACKAGE_FOLDER, join(this.folder, "node_modules/trilith"), "junction");
    symlinkSync(join(PACKAGE_FOLDER, "node_modules/zod"), join(this.folder, "node_modules/zod"), "junction");
    onTestFinished(() => rmSync(this.folder, { recursive: true }));
  }

  run(...args: string[]): Promise<Ended> {
    return runTrilith(args, { cwd: this.folder });
  }

  /** The names of the steps that ran, in order, in all processes. */
  effects(): string[] {
    const file = join(this.folder, "effects.log");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  }

  /** Starts the pipeline and ends its process by the signal while its second step waits. */
  async stopInside(signal: "SIGINT" | "SIGKILL"): Promise<Ended> {
    const hold = join(this.folder, "hold");
    writeFileSync(hold, "");
    const { child, ended } = startTrilith(["run", "slow"], { cwd: this.folder });
    while (!this.effects().includes("wait")) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill(signal);
    const end = await ended;
    rmSync(hold);
    return end;
  }

  async lastRun(): Promise<{ id: string; state: string }> {
    return JSON.parse((await this.run("runs", "--limit", "1", "--json")).stdout)[0];
  }

  /** Changes bytes in the middle of the stored artifact, and says its hash. */
  damageArtifact(): string {
    const folder = join(this.folder, ".trilith/artifacts");
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const [file] = files;
    if (file === undefined || files.length > 1) throw new Error(`expected one artifact file, not ${files.length}`);
    const path = join(file.parentPath, file.name);
    const bytes = readFileSync(path);
    bytes.fill(0, 50_000, 50_010);
    writeFileSync(path, bytes);
    return file.name;
  }
}

describe("a run that is stopped", () => {
  it("by Ctrl-C exits with 130, is cancelled, and goes on without repeating what was finished", async () => {
    const project = new Project();
    const { code, stderr } = await project.stopInside("SIGINT");
    expect(code).toBe(130);
    const { id, state } = await project.lastRun();
    expect(state).toBe("cancelled");
    expect(stderr).toContain(`Stopped. Go on with: trilith resume ${id}`);
    const resumed = await project.run("resume", id);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(project.effects()).toEqual(["gather", "wait", "wait", "tell"]);
    expect((await project.lastRun()).state).toBe("completed");
  });

  it("by kill -9 is interrupted, says how to go on, and does", async () => {
    const project = new Project();
    expect((await project.stopInside("SIGKILL")).code).toBeNull();
    const { id, state } = await project.lastRun();
    expect(state).toBe("interrupted");
    expect((await project.run("runs", id)).stdout).toContain(`Its process is gone. Go on with: trilith resume ${id}`);
    const { code, stdout, stderr } = await project.run("resume", "--json");
    expect({ code, ...JSON.parse(stdout) }, stderr).toMatchObject({ code: 0, id, state: "completed" });
    expect(project.effects()).toEqual(["gather", "wait", "wait", "tell"]);
  });

  it("makes a finished output anew when its bytes were damaged meanwhile, and names it", async () => {
    const project = new Project();
    await project.stopInside("SIGKILL");
    project.damageArtifact();
    const { id } = await project.lastRun();
    const { code, stderr } = await project.run("resume", id);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/The artifact gather@1 cannot be read .*It is made anew by gather/);
    expect(project.effects()).toEqual(["gather", "wait", "gather", "wait", "tell"]);
  });

  it("cannot be resumed while its process lives", async () => {
    const project = new Project();
    writeFileSync(join(project.folder, "hold"), "");
    const { ended } = startTrilith(["run", "slow"], { cwd: project.folder });
    while (!project.effects().includes("wait")) await new Promise((resolve) => setTimeout(resolve, 20));
    const { id, state } = await project.lastRun();
    expect(state).toBe("running");
    const refused = await project.run("resume", id);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/is running in process \d+.*trilith cancel/);
    rmSync(join(project.folder, "hold"));
    expect((await ended).code).toBe(0);
  });
});

describe("a run after another", () => {
  it("takes every step from the cache, and makes anew only what is damaged", async () => {
    const project = new Project();
    expect((await project.run("run", "slow")).code).toBe(0);
    const cached = await project.run("run", "slow");
    expect(cached.stderr.match(/= (gather|wait|tell) cached/g)).toHaveLength(3);
    expect(project.effects()).toEqual(["gather", "wait", "tell"]);
    project.damageArtifact();
    const mended = await project.run("run", "slow");
    expect(mended.code, mended.stderr).toBe(0);
    expect(mended.stderr).toMatch(/The artifact gather@1 cannot be read .*It is made anew by gather/);
    expect(project.effects()).toEqual(["gather", "wait", "tell", "gather"]);
    expect(mended.stderr.match(/[✓=] .*/g)?.map((line) => line.replace(/ \d.*/, ""))).toEqual([
      "✓ gather",
      "= wait cached",
      "= tell cached",
    ]);
  });

  it("and two at once on one workspace both complete", async () => {
    const project = new Project();
    const ends = await Promise.all([project.run("run", "slow", "--json"), project.run("run", "slow", "--json")]);
    const records = ends.map(({ code, stdout, stderr }) => {
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout);
    });
    expect(records.map(({ state }) => state)).toEqual(["completed", "completed"]);
    expect(new Set(records.map(({ id }) => id)).size).toBe(2);
  });
});
