import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { isAlive } from "../../test/process-life.ts";
import { commandStep } from "./command-step.ts";
import { bytes } from "./materializers/bytes.ts";
import { folder } from "./materializers/folder.ts";
import { jsonl } from "./materializers/jsonl.ts";
import { text } from "./materializers/text.ts";
import { typedArray } from "./materializers/typed-array.ts";
import { testContext } from "./step-context.ts";

const NODE = process.execPath;
/** A program in JavaScript that has its contract at hand. */
const program = (body: string): { command: string; args: string[] } => ({
  command: NODE,
  args: [
    "-e",
    `const fs = require("node:fs"), path = require("node:path"), env = process.env;
     const input = JSON.parse(fs.readFileSync(env.TRILITH_INPUT, "utf8"));
     const write = (name, value) => fs.writeFileSync(path.join(env.TRILITH_OUTPUT, name), value);
     const output = (value) => write("output.json", JSON.stringify(value));
     ${body}`,
  ],
});
const dies = async (pid: number): Promise<boolean> => {
  for (let i = 0; i < 100 && isAlive(pid); i++) await wait(20);
  return !isAlive(pid);
};
const pidIn = async (file: string): Promise<number> => {
  for (let i = 0; i < 250; i++) {
    try {
      const pid = Number(readFileSync(file, "utf8"));
      if (pid > 0) return pid;
    } catch {
      // not yet written
    }
    await wait(20);
  }
  throw new RangeError(`${file} has no number`);
};
const fresh = (): string => mkdtempSync(join(tmpdir(), "trilith-test-"));

describe("a program as a step", () => {
  it("gets its parsed input and its place in a run, and gives its output", async () => {
    const double = commandStep({
      name: "double",
      ...program(
        "output({ doubled: input.n * 2, by: [env.TRILITH_RUN_ID, env.TRILITH_ATTEMPT, env.TONE, process.cwd()] })",
      ),
      input: z.object({ n: z.number().default(4) }),
      output: z.object({ doubled: z.number(), by: z.array(z.string()) }),
      env: { TONE: "low" },
    });
    const value = await double.run({ n: 21 }, testContext({ attempt: 3 }));
    expect(value).toEqual({ doubled: 42, by: ["test", "3", "low", join(import.meta.dirname, "../..")] });
  });

  it("says metrics and progress in JSON, and all else in words", async () => {
    const talk = commandStep({
      name: "talk",
      ...program(`
        console.log("plain"); console.log('{"metric":"loss","value":0.5,"at":7}'); console.log('{"metric":"loss"}');
        console.log('{"progress":1,"total":2}'); console.error("careful"); process.stdout.write("{no line end");`),
    });
    const context = testContext();
    const progress: number[][] = [];
    await talk.run({}, { ...context, progress: (done, total) => void progress.push([done, total]) });
    expect(context.said.metrics).toEqual([{ name: "loss", value: 0.5, atStep: 7 }]);
    expect(progress).toEqual([[1, 2]]);
    const lines = (level: string): string[] =>
      context.said.logs.filter((each) => each.level === level).map(({ message }) => message);
    expect(lines("info")).toEqual(["plain", '{"metric":"loss"}', "{no line end"]);
    expect(lines("warn")).toEqual(["careful"]);
  });

  it("writes outputs with names, also as files and folders", async () => {
    const many = commandStep({
      name: "many",
      ...program(`
        output({ count: 2, more: "not declared" });
        fs.mkdirSync(path.join(env.TRILITH_OUTPUT, "pages/deep"), { recursive: true });
        write("pages/a.txt", "A"); write("pages/deep/b.txt", "B");
        write("note.txt", "née"); write("rows.jsonl", '{"i":1}\\n{"i":2}\\n'); write("raw.bin", Buffer.from([0, 255]));`),
      outputs: {
        count: z.number(),
        pages: folder(),
        note: text(),
        rows: jsonl(z.object({ i: z.number() })),
        raw: bytes(),
      },
    });
    const value = await many.run({}, testContext());
    expect({
      ...value,
      pages: [...value.pages].map(([name, content]) => [name, Buffer.from(content).toString()]).sort(),
    }).toEqual({
      count: 2,
      pages: [
        ["a.txt", "A"],
        ["deep/b.txt", "B"],
      ],
      note: "née",
      rows: [{ i: 1 }, { i: 2 }],
      raw: Uint8Array.of(0, 255),
    });
  });

  it("needs no output.json where it declares none", async () => {
    expect(await commandStep({ name: "quiet", ...program("") }).run({}, testContext())).toBeUndefined();
  });

  it("takes the input's text as it is, whatever a shell would make of it", async () => {
    const echo = commandStep({
      name: "echo",
      ...program("output(input.text)"),
      input: z.object({ text: z.string() }),
      output: z.string(),
    });
    const hard = "$(touch x) ; \"'`\n\u2028 \0 é😀";
    expect(await echo.run({ text: hard }, testContext())).toBe(hard);
  });

  it("reads an array that NumPy's format holds", async (test) => {
    const python = findPython();
    if (python === undefined) return test.skip("python3 is not installed");
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
    const source = [
      "import json, os, struct",
      `header = ${JSON.stringify(header)}.ljust(117) + "\\n"`,
      'with open(os.path.join(os.environ["TRILITH_OUTPUT"], "output.npy"), "wb") as file:',
      '    file.write(b"\\x93NUMPY\\x01\\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack("<2f", 1.5, -2))',
    ].join("\n");
    const weigh = commandStep({ name: "weigh", command: python, args: ["-c", source], output: typedArray() });
    expect(await weigh.run({}, testContext())).toEqual({ shape: [2], data: Float32Array.of(1.5, -2) });
  });
});

describe("a program that fails", () => {
  it("ends with its code and the last lines of stderr, and may be tried again", async () => {
    const fail = commandStep({
      name: "fail",
      ...program("for (let i = 0; i < 30; i++) console.error('line ' + i); process.exitCode = 3"),
    });
    const error = await fail.run({}, testContext()).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "command-failed", exitCode: 3, retryable: true });
    expect(String(error)).toMatch(/ended with code 3[^]*line 20\n[^]*line 29\n/);
    expect(String(error)).not.toContain("line 19");
  });

  it("tells a program that is not there, and one that a signal ended", async () => {
    const absent = commandStep({ name: "absent", command: "no-such-program-anywhere" });
    await expect(absent.run({}, testContext())).rejects.toMatchObject({ code: "command-not-started", usage: true });
    const crash = commandStep({ name: "crash", ...program("process.kill(process.pid, 'SIGKILL')") });
    await expect(crash.run({}, testContext())).rejects.toThrow("was ended by SIGKILL");
  });

  it.each([
    ["no output.json", "", /no output\.json/],
    ["no JSON", "write('output.json', '{')", /no JSON/],
    ["what the schema refuses", "output({ n: 'x' })", /n: Invalid input: expected number/],
  ])("names %s", async (_, body, message) => {
    const bad = commandStep({ name: "bad", ...program(body), output: z.object({ n: z.number() }) });
    const error = await bad.run({}, testContext()).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "command-output-invalid", message: expect.stringMatching(message) });
  });

  it("names outputs that are missing, and a link where a file should be", async () => {
    const named = (body: string) =>
      commandStep({ name: "named", ...program(body), outputs: { n: z.number(), pages: folder() } }).run(
        {},
        testContext(),
      );
    const pages = 'fs.mkdirSync(path.join(env.TRILITH_OUTPUT, "pages"));';
    await expect(named(`${pages} output({ m: 1 })`)).rejects.toThrow("an output.json without n");
    await expect(named("output({ n: 1 })")).rejects.toThrow("no folder pages");
    const link = 'fs.symlinkSync("/etc", path.join(env.TRILITH_OUTPUT, "pages/etc"));';
    await expect(named(`${pages} ${link} output({ n: 1 })`)).rejects.toThrow("etc, which is no file");
  });

  it("refuses an input that JSON does not hold", async () => {
    const when = commandStep({ name: "when", ...program(""), input: z.object({ at: z.date() }) });
    await expect(when.run({ at: new Date(0) }, testContext())).rejects.toMatchObject({ code: "value-not-json" });
  });
});

describe("a program that is stopped", () => {
  it.skipIf(process.platform === "win32")("takes along what it has started, and leaves no folder", async () => {
    const file = join(fresh(), "pid");
    const forks = commandStep({
      name: "forks",
      ...program(`
        const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
        fs.writeFileSync(input.file + "-folder", env.TRILITH_OUTPUT); fs.writeFileSync(input.file, String(child.pid)); setInterval(() => {}, 1000);`),
      input: z.object({ file: z.string() }),
    });
    const stop = new AbortController();
    const ended = forks.run({ file }, testContext({ signal: stop.signal })).catch((caught: unknown) => caught);
    const grandchild = await pidIn(file);
    const output = readFileSync(`${file}-folder`, "utf8");
    expect([isAlive(grandchild), existsSync(output)]).toEqual([true, true]);
    const reason = new RangeError("enough");
    stop.abort(reason);
    expect(await ended).toBe(reason);
    expect(await dies(grandchild)).toBe(true);
    expect(existsSync(dirname(output))).toBe(false);
  });

  it.skipIf(process.platform === "win32")("is killed when it does not hear SIGTERM", async () => {
    const file = join(fresh(), "pid");
    const deaf = commandStep({
      name: "deaf",
      ...program(
        `process.on("SIGTERM", () => {}); fs.writeFileSync(input.file, String(process.pid)); setInterval(() => {}, 1000);`,
      ),
      input: z.object({ file: z.string() }),
    });
    const stop = new AbortController();
    const ended = deaf.run({ file }, testContext({ signal: stop.signal })).catch((caught: unknown) => caught);
    const pid = await pidIn(file);
    stop.abort("enough");
    await wait(300);
    expect(isAlive(pid)).toBe(true);
    expect(await ended).toBe("enough");
    expect(await dies(pid)).toBe(true);
  });

  it.skipIf(process.platform === "win32")("leaves nothing running when it has ended by itself", async () => {
    const leaves = commandStep({
      name: "leaves",
      ...program(`
        const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
        child.unref(); output(child.pid);`),
      output: z.number(),
    });
    expect(await dies(await leaves.run({}, testContext()))).toBe(true);
  });

  it.skipIf(process.platform === "win32")("ends with the process that runs the step", async () => {
    const file = join(fresh(), "pid");
    const host = `
      import { commandStep, testContext } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)};
      const args = ["-e", "require('node:fs').writeFileSync(process.argv[1], String(process.pid)); setInterval(() => {}, 1e3)", ${JSON.stringify(file)}];
      void commandStep({ name: "long", command: process.execPath, args }).run({}, testContext());
      process.stdin.once("data", () => process.exit(0));`;
    const child = spawn(NODE, ["--no-warnings", "--input-type=module-typescript", "-e", host], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    const pid = await pidIn(file);
    expect(isAlive(pid)).toBe(true);
    child.stdin.write("end");
    expect(await dies(pid)).toBe(true);
  });

  it("does not start when its run has been stopped already", async () => {
    const late = commandStep({ name: "late", command: "no-such-program-anywhere" });
    await expect(late.run({}, testContext({ signal: AbortSignal.abort("over") }))).rejects.toBe("over");
  });
});

function findPython(): string | undefined {
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
    return "python3";
  } catch {
    return undefined;
  }
}
