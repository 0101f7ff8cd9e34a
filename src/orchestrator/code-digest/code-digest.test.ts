import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from "node:fs";
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

  it("stays when retry, time limit or cache options of the step change, and changes with any other option", async () => {
    expect(
      await changes({
        "steps/clean-text.ts": STEP.replace(
          "retry: { maxRetries: 1 }",
          "retry: { maxRetries: 9 }, timeoutMs: 5, cacheTtlMs: 1",
        ),
      }),
    ).toBe(false);
    expect(
      await changes({ "steps/clean-text.ts": STEP.replace("retry: { maxRetries: 1 }", 'uses: ["warehouse"]') }),
    ).toBe(true);
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
