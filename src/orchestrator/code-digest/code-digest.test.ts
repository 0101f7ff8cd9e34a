import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { StepDefinition } from "../step-definition.ts";
import { createCodeDigests } from "./code-digest.ts";

const STEP = `
import { step } from "trilith";
import { trim } from "../src/text.ts";
import { clean } from "app/door";
export const cleanText = step({ name: "clean_text", retry: { maxRetries: 1 }, run: () => clean(trim(" a ")) });
`;

let root: string;
const write = (files: Record<string, string>): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
};
/** Only what the digest looks at; long ago, unless told otherwise. */
const definition = (over: { name?: string; definedAtMs?: number } = {}): StepDefinition =>
  ({ name: "clean_text", modulePath: join(root, "steps/clean-text.ts"), definedAtMs: 1e15, ...over }) as StepDefinition;
const digest = async (): Promise<string | null> =>
  (await createCodeDigests({ cacheFile: null }).digestOf(definition())).digest;

/** Whether editing these files changes the digest. */
const changes = async (files: Record<string, string>): Promise<boolean> => {
  const before = await digest();
  write(files);
  return (await digest()) !== before;
};

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "trilith-digest-")));
  write({
    "package.json": `{ "name": "app", "exports": { "./door": "./src/door/index.ts", "./things/*": "./src/things/*.ts" } }`,
    "package-lock.json": JSON.stringify({
      packages: {
        "": { name: "app" },
        "node_modules/left": { version: "1.0.0", integrity: "sha512-left", dependencies: { right: "^2" } },
        "node_modules/right": { version: "2.0.0", integrity: "sha512-right" },
        "node_modules/other": { version: "3.0.0", integrity: "sha512-other" },
      },
    }),
    "node_modules/left/package.json": `{ "name": "left", "version": "1.0.0" }`,
    "steps/clean-text.ts": STEP,
    "src/text.ts": `import { pad } from "left";\nexport const trim = (text: string): string => pad(text.trim());\n`,
    "src/door/index.ts": `export { clean } from "./clean.ts";\nexport { soil } from "./soil.ts";\nexport type { Dirt } from "./types.ts";\n`,
    "src/door/clean.ts": `import type { Dirt } from "./types.ts";\nexport function clean(text: string): string { const dirt: Dirt = text; return dirt; }\n`,
    "src/door/soil.ts": `export const soil = 1;\n`,
    "src/door/types.ts": `export type Dirt = string;\n`,
  });
});

describe("the digest of a step's code", () => {
  it("knows a program that is declared as a step, its arguments, and what only decides how it is run", async () => {
    const command = `import { commandStep } from "trilith";\nexport const cleanText = commandStep({ name: "clean_text", command: "sed", args: ["s/a/b/"], timeoutMs: 1 });\n`;
    write({ "steps/clean-text.ts": command });
    expect((await createCodeDigests({ cacheFile: null }).digestOf(definition())).uncacheable).toBeNull();
    expect(await changes({ "steps/clean-text.ts": command.replace("timeoutMs: 1", "timeoutMs: 2") })).toBe(false);
    expect(await changes({ "steps/clean-text.ts": command.replace("s/a/b/", "s/a/c/") })).toBe(true);
  });

  it("changes with the step, with a module that it imports, and with one behind a door", async () => {
    expect(await changes({ "steps/clean-text.ts": STEP.replace('" a "', '" b "') })).toBe(true);
    expect(
      await changes({
        "src/text.ts": `import { pad } from "left";\nexport const trim = (text: string) => pad(text);\n`,
      }),
    ).toBe(true);
    expect(await changes({ "src/door/clean.ts": `export const clean = (text: string) => text + "!";\n` })).toBe(true);
  });

  it("stays when comments, white space, quotes, parentheses or brackets of types change anywhere", async () => {
    expect(
      await changes({
        "steps/clean-text.ts": `/* why */\n${STEP.replaceAll('"', "'").replace("clean(trim(", "(clean)(\n trim(  // so\n")}`,
        "src/text.ts": `import { pad } from 'left';\nexport const trim = <T extends string>(text: T): string =>\n  (pad(text!.trim()) as string);\n`,
      }),
    ).toBe(false);
  });

  it("stays when only types change, in the module or in one that is imported for its types", async () => {
    expect(
      await changes({
        "src/door/types.ts": `export type Dirt = string | number;\nexport interface More { a: 1 }\n`,
        "src/door/clean.ts": `import { type Dirt, type More } from "./types.ts";\ndeclare global { interface Y {} }\nexport function clean(text: string): string;\nexport function clean(this: void, text?: string) { const dirt = text satisfies Dirt; return dirt; }\n`,
      }),
    ).toBe(false);
  });

  it("keeps optional chaining apart from optional types", async () => {
    write({ "src/text.ts": "export const trim = (a: { b?(): void }) => a.b();" });
    expect(await changes({ "src/text.ts": "export const trim = (a: { b?(): void }) => a.b?.();" })).toBe(true);
  });

  it("stays when options change that decide how the step is run, and changes with any other option", async () => {
    const neutral = [
      'retry: { maxRetries: 9 }, timeoutMs: 5, executor: "process", resources: { cpus: 2 }, heartbeat: 1',
      'cache: false, cacheTtlMs: 1, cacheKey: (input) => input, tags: ["a"], description: "b"',
      "onStart: () => 1, onSuccess() {}, onFailure: async () => { await import(name); }",
    ];
    for (const options of neutral) {
      expect(await changes({ "steps/clean-text.ts": STEP.replace("retry: { maxRetries: 1 }", options) })).toBe(false);
    }
    expect(
      await changes({ "steps/clean-text.ts": STEP.replace("retry: { maxRetries: 1 }", 'uses: ["warehouse"]') }),
    ).toBe(true);
  });

  it("leaves out imports, functions and constants that only such options need", async () => {
    const hooked = STEP.replace("retry: { maxRetries: 1 }", "retry: RETRY, onFailure: tell").replace(
      "export const",
      'import { send } from "./send.ts";\nconst RETRY = { maxRetries: 2 };\nasync function tell() { await send(RETRY); }\nexport const',
    );
    write({ "steps/send.ts": "export const send = async () => 1;\n" });
    expect(await changes({ "steps/clean-text.ts": hooked })).toBe(false);
    expect(await changes({ "steps/send.ts": "export const send = async () => 2;\n" })).toBe(false);
    expect(await changes({ "steps/clean-text.ts": hooked.replace("clean(trim", "clean(send, trim") })).toBe(true);
    expect(await changes({ "steps/send.ts": "export const send = async () => 3;\n" })).toBe(true);
  });

  it("follows a door only to the names that are imported", async () => {
    expect(await changes({ "src/door/soil.ts": "export const soil = 2;\n" })).toBe(false);
    expect(
      await changes({
        "src/door/index.ts": `/** Door. */\nexport { soil } from "./soil.ts";\nexport { clean } from "./clean.ts";\nexport { more } from "./more.ts";\n`,
        "src/door/more.ts": "export const more = 1;\n",
      }),
    ).toBe(false);
  });

  it("changes when a door leads a name to another one of the same module", async () => {
    write({ "src/door/soil.ts": "export const soil = 1;\nexport const mud = 2;\n" });
    write({ "src/door/index.ts": `export { soil as clean } from "./soil.ts";\n` });
    expect(await changes({ "src/door/index.ts": `export { mud as clean } from "./soil.ts";\n` })).toBe(true);
  });

  it("finds a name behind stars and namespaces of doors", async () => {
    write({
      "src/door/index.ts": `export * from "./inner.ts";\n`,
      "src/door/inner.ts": `export * from "./soil.ts";\nexport * from "./clean.ts";\n`,
    });
    expect(await changes({ "src/door/soil.ts": "export const soil = 2;\n" })).toBe(false);
    expect(await changes({ "src/door/clean.ts": "export const clean = (text: string) => text + 1;\n" })).toBe(true);
    write({ "steps/clean-text.ts": STEP.replace("import { clean }", "import * as clean") });
    expect(await changes({ "src/door/soil.ts": "export const soil = 3;\n" })).toBe(true);
  });

  it("counts a package by its locked closure, and by nothing else in the lock", async () => {
    const lock = (right: string, other: string): Record<string, string> => ({
      "package-lock.json": JSON.stringify({
        packages: {
          "node_modules/left": { version: "1.0.0", integrity: "sha512-left", dependencies: { right: "^2" } },
          "node_modules/right": { version: right },
          "node_modules/other": { version: other },
        },
      }),
    });
    write(lock("2.0.0", "3.0.0"));
    expect(await changes(lock("2.0.0", "3.0.1"))).toBe(false);
    expect(await changes(lock("2.0.1", "3.0.1"))).toBe(true);
  });

  it("counts a package by the manifests of what is installed where npm has no lock file", async () => {
    const manifest = (name: string, version: string, dependencies = {}): Record<string, string> => ({
      [`node_modules/${name}/package.json`]: JSON.stringify({ name, version, dependencies }),
    });
    rmSync(join(root, "package-lock.json"));
    write({
      ...manifest("left", "1.0.0", { right: "^2" }),
      ...manifest("right", "2.0.0"),
      ...manifest("other", "1.0.0"),
    });
    expect(await changes(manifest("other", "2.0.0"))).toBe(false);
    expect(await changes(manifest("right", "2.0.1"))).toBe(true);
    expect(await changes(manifest("left", "1.0.1", { right: "^2" }))).toBe(true);
  });

  it("does not cache a package that is installed in another version than is locked", async () => {
    write({ "node_modules/left/package.json": `{ "name": "left", "version": "1.1.0" }` });
    const { uncacheable } = await createCodeDigests({ cacheFile: null }).digestOf(definition());
    expect(uncacheable).toMatch(/package left is installed as 1\.1\.0 where the lock file has left@1\.0\.0/);
  });

  it("says by module and package what it is made of", async () => {
    const { parts } = await createCodeDigests({ cacheFile: null }).digestOf(definition());
    expect(Object.keys(parts)).toEqual([
      "missing trilith",
      "package left@1.0.0",
      "package right@2.0.0",
      "src/door/clean.ts",
      "src/door/index.ts#clean",
      "src/text.ts",
      "steps/clean-text.ts",
    ]);
  });

  it("is the same wherever the project is", async () => {
    const before = await digest();
    const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), "trilith-digest-")));
    cpSync(root, elsewhere, { recursive: true });
    root = elsewhere;
    expect(await digest()).toBe(before);
  });

  it("costs nothing for the second step of a module", async () => {
    const digests = createCodeDigests({ cacheFile: null });
    await digests.digestOf(definition());
    rmSync(root, { recursive: true });
    expect((await digests.digestOf(definition())).uncacheable).toBeNull();
  });

  it("finds the project's own modules by its name, also through a pattern of its exports", async () => {
    write({
      "src/things/one.ts": "export const one = 1;",
      "src/text.ts": `export { one as trim } from "app/things/one";`,
    });
    expect(await changes({ "src/things/one.ts": "export const one = 2;" })).toBe(true);
  });

  it("counts modules of dynamic imports, and files that are named by URL", async () => {
    write({
      "src/text.ts": `export const trim = async () => { await import("./later.ts"); return new URL("./data.txt", import.meta.url); };\n`,
      "src/later.ts": "export const a = 1;",
      "src/data.txt": "a",
    });
    expect(await changes({ "src/later.ts": "export const a = 2;" })).toBe(true);
    expect(await changes({ "src/data.txt": "b" })).toBe(true);
  });

  it("counts modules that are required", async () => {
    write({
      "src/text.ts": `const { trim } = require("./old.cjs");\nexport { trim };\n`,
      "src/old.cjs": "exports.trim = 1;",
    });
    expect(await changes({ "src/old.cjs": "exports.trim = 2;" })).toBe(true);
  });

  it("says where a computed import hides the code, and does not cache then", async () => {
    write({ "src/text.ts": `const name = "a";\nexport const trim = () => import(name);\n` });
    const { uncacheable } = await createCodeDigests({ cacheFile: null }).digestOf(definition());
    expect(uncacheable).toMatch(/src\/text\.ts:2 imports a module whose name is computed/);
  });

  it("does not cache a step that is made inside a function, or by another name than is written", async () => {
    const whyNot = async (text: string): Promise<string | null> => {
      write({ "steps/clean-text.ts": text });
      return (await createCodeDigests({ cacheFile: null }).digestOf(definition())).uncacheable;
    };
    expect(await whyNot(STEP)).toBeNull();
    expect(await whyNot(STEP.replace("export const cleanText = step(", "export const make = () => step("))).toMatch(
      /not a constant/,
    );
    expect(await whyNot(STEP.replace('name: "clean_text"', "name: NAME"))).toMatch(/not a constant/);
  });

  it("does not cache code that changed after the process loaded it", async () => {
    const { uncacheable } = await createCodeDigests({ cacheFile: null }).digestOf(definition({ definedAtMs: 1 }));
    expect(uncacheable).toMatch(/has changed since this process loaded it/);
  });

  it("is the same from a kept cache, which notices an edit of the same size", async () => {
    const cacheFile = join(root, "cache/digests.json");
    const kept = async (): Promise<string | null> =>
      (await createCodeDigests({ cacheFile }).digestOf(definition())).digest;
    const first = await kept();
    expect([await kept(), await digest()]).toEqual([first, first]);
    write({
      "src/door/clean.ts": `export const clean = (text: string): string => { const dirt = text; return dirt; } /* padding...... */\n`,
    });
    expect(await kept()).toBe(await digest());
    writeFileSync(cacheFile, "{ damaged");
    expect(await kept()).toBe(await digest());
  });
});
