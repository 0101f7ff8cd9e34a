import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

const lock = (trimmer: string): string =>
  JSON.stringify({
    packages: {
      "": { name: "project" },
      "node_modules/marker": { version: "1.0.0", dependencies: { trimmer: "^1" } },
      "node_modules/trimmer": { version: trimmer },
    },
  });

const FILES = {
  "package.json": `{ "name": "project", "type": "module" }`,
  "package-lock.json": lock("1.0.0"),
  "node_modules/marker/package.json": `{ "name": "marker", "version": "1.0.0", "type": "module", "exports": "./index.js" }`,
  "node_modules/marker/index.js": `export const sign = "!";\n`,
  "helper.ts": `import { sign } from "marker";\nexport const mark = (word: string): string => word + sign;\n`,
  "shout.ts": `import { step } from "trilith";
import { z } from "zod";
import { mark } from "./helper.ts";
export const shout = step({ name: "shout", input: z.object({ word: z.string() }), output: z.string(), run: ({ word }) => mark(word) });
`,
  "main.ts": `import { pipeline, runPipeline } from "trilith";
import { openJournalWorkspace } from ${JSON.stringify(join(import.meta.dirname, "journal-workspace.ts"))};
import { shout } from "./shout.ts";
const workspace = await openJournalWorkspace({ folder: import.meta.dirname });
const { result, events } = await runPipeline(pipeline({ name: "shouting", run: () => ({ made: shout({ word: "a" }) }) }), {}, { workspace });
const { made } = await result;
const told = await Array.fromAsync(events);
const warning = told.find(({ type }) => type === "run-warning");
process.stdout.write(warning ? warning.message : (told.some(({ type }) => type === "step-cached") ? "cached " : "ran ") + made);
`,
};
type File = keyof typeof FILES;

function createProject(): { edit(file: File, from: string, to: string): void; run(): string } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "trilith-project-")));
  const texts = new Map<string, string>(Object.entries(FILES));
  const write = (file: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), texts.get(file) ?? "");
  };
  for (const file of texts.keys()) write(file);
  symlinkSync(ROOT, join(folder, "node_modules/trilith"));
  symlinkSync(join(ROOT, "node_modules/zod"), join(folder, "node_modules/zod"));
  return {
    edit(file, from, to) {
      const text = texts.get(file) ?? "";
      expect(text).toContain(from);
      texts.set(file, text.replace(from, to));
      write(file);
    },
    run: () => execFileSync(process.execPath, ["--no-warnings", join(folder, "main.ts")], { encoding: "utf8" }),
  };
}

it("finds what an earlier process made until code that the step reaches is edited", () => {
  const project = createProject();
  expect([project.run(), project.run()]).toEqual(["ran a!", "cached a!"]);
  project.edit("shout.ts", "import { z }", "/* why */\nimport { z }");
  project.edit(
    "shout.ts",
    "run:",
    'retry: { maxRetries: 2 }, timeoutMs: 9_000, tags: ["loud"], onSuccess: () => {},\n  run:',
  );
  project.edit("helper.ts", ": string =>", ":   string  => // so\n");
  expect(project.run()).toBe("cached a!");
  project.edit("helper.ts", "word + sign", 'word + "?"');
  expect([project.run(), project.run()]).toEqual(["ran a?", "cached a?"]);
});

it("misses when the schema of the output is edited, or a package that is reached only through another is upgraded", () => {
  const project = createProject();
  expect(project.run()).toBe("ran a!");
  project.edit("shout.ts", "output: z.string()", "output: z.string().min(1)");
  expect([project.run(), project.run()]).toEqual(["ran a!", "cached a!"]);
  project.edit("package-lock.json", lock("1.0.0"), lock("1.0.1"));
  expect([project.run(), project.run()]).toEqual(["ran a!", "cached a!"]);
});

it("does not cache a step that reaches an import with a computed name, and says where that is", () => {
  const project = createProject();
  project.edit("helper.ts", "export", "export const load = (name: string): Promise<unknown> => import(name);\nexport");
  const warning =
    /^The step shout is not cached: helper\.ts:2 imports a module whose name is computed, so its code is not known\./;
  expect([project.run(), project.run()]).toEqual([expect.stringMatching(warning), expect.stringMatching(warning)]);
});
