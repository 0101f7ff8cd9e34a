import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { pipeline, type Ref } from "../src/orchestrator/index.ts";
import { runInMemory } from "../src/testing/index.ts";
import { ROOT, textOf } from "./source-tree.ts";

describe("docs/command-steps.md", () => {
  it("has a program and a step that run as they are printed", async (test) => {
    try {
      execFileSync("python3", ["--version"], { stdio: "ignore" });
    } catch {
      return test.skip("python3 is not installed");
    }
    const page = textOf("docs/command-steps.md");
    const [, python = ""] = /```python\n([\s\S]*?)```/.exec(page) ?? [];
    const [, declaration = ""] = /```ts\n([\s\S]*?)```/.exec(page) ?? [];
    expect(python.trim().split("\n").length).toBeLessThanOrEqual(15);
    // A project that has the package installed.
    const project = mkdtempSync(join(ROOT, ".tmp-command-"));
    try {
      for (const name of ["steps", "programs", "node_modules"]) mkdirSync(join(project, name));
      symlinkSync(ROOT, join(project, "node_modules/trilith"));
      writeFileSync(join(project, "package.json"), '{ "name": "counting", "type": "module" }');
      writeFileSync(join(project, "programs/count_words.py"), python);
      writeFileSync(join(project, "steps/count-words.ts"), declaration);
      const { countWords } = (await import(pathToFileURL(join(project, "steps/count-words.ts")).href)) as {
        countWords(input: { lines: string[]; atLeast?: number }): Ref<Record<string, number>>;
      };
      const counting = pipeline({
        name: "counting",
        run: () => ({ counts: countWords({ lines: ["to be or", "not to be é"], atLeast: 2 }) }),
      });
      const { result, invocations, events } = await runInMemory(counting, {});
      expect(await result).toEqual({ counts: { to: 2, be: 2 } });
      expect(invocations[0]?.cacheKey).toMatch(/^sha256:/);
      expect(invocations[0]?.keyParts?.files).toEqual({
        "../programs/count_words.py": expect.stringMatching(/^sha256:/),
      });
      expect(events).toContainEqual(expect.objectContaining({ type: "step-metric", name: "words", value: 7 }));
    } finally {
      rmSync(project, { recursive: true });
    }
  });
});
