import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

const FILES = {
  "package.json": `{ "name": "project", "type": "module" }`,
  "helper.ts": `export const mark = (word: string): string => word + "!";\n`,
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
const types = (await Array.fromAsync(events)).map(({ type }) => type);
process.stdout.write(types.includes("step-cached") ? "cached " + made : types.includes("run-warning") ? "warned" : "ran " + made);
`,
};

function createProject(): { write(file: keyof typeof FILES, text: string): void; run(): string } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "trilith-project-")));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(ROOT, join(folder, "node_modules/trilith"));
  symlinkSync(join(ROOT, "node_modules/zod"), join(folder, "node_modules/zod"));
  for (const [file, text] of Object.entries(FILES)) writeFileSync(join(folder, file), text);
  return {
    write: (file, text) => writeFileSync(join(folder, file), text),
    run: () => execFileSync(process.execPath, ["--no-warnings", join(folder, "main.ts")], { encoding: "utf8" }),
  };
}

it("finds what an earlier process made until code that the step reaches is edited", () => {
  const project = createProject();
  expect([project.run(), project.run()]).toEqual(["ran a!", "cached a!"]);
  project.write("shout.ts", `/* why */ ${FILES["shout.ts"].replace("run:", "retry: { maxRetries: 2 },\n  run:")}`);
  project.write(
    "helper.ts",
    `${FILES["helper.ts"].replace(": string =>", ": string => // so\n")}export type More = 1;\n`,
  );
  expect(project.run()).toBe("cached a!");
  project.write("helper.ts", FILES["helper.ts"].replace('"!"', '"?"'));
  expect([project.run(), project.run()]).toEqual(["ran a?", "cached a?"]);
});
