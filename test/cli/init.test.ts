import { mkdirSync, mkdtempSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PACKAGE_FOLDER, runTrilith } from "./run-trilith.ts";

async function initProject(): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "trilith-init-")));
  expect((await runTrilith(["init"], { cwd: folder })).code).toBe(0);
  // As `npm install` does for a dependency that is a folder.
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(PACKAGE_FOLDER, join(folder, "node_modules/trilith"));
  symlinkSync(join(PACKAGE_FOLDER, "node_modules/zod"), join(folder, "node_modules/zod"));
  return folder;
}

describe("a project that trilith init has written", () => {
  it("runs, is answered by the cache, tells a broken step, and runs only what was mended", async () => {
    const folder = await initProject();
    const run = (...more: string[]) =>
      runTrilith(["run", "word_count", "--config", "configs/word_count.yaml", ...more], { cwd: folder });
    const first = await run();
    expect([first.code, first.stdout]).toEqual([
      0,
      expect.stringMatching(/completed\n {2}counts: .*\n {2}total: add_up@1/),
    ]);
    expect((await run()).stderr.match(/= \w+ cached/g)?.length).toBe(3);

    const helper = join(folder, "steps/word-count/words-of.ts");
    const words = readFileSync(helper, "utf8");
    writeFileSync(helper, words.replace("text.match", 'JSON.parse("{")[text] ?? text.match'));
    const broken = await run();
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/count_words failed: .*JSON/);
    expect(broken.stderr).toMatch(/Mend the cause and go on with: trilith resume word_count-/);

    writeFileSync(helper, `// mended\n${words}`);
    const id = /trilith resume (word_count-\S+)/.exec(broken.stderr)?.[1] ?? "";
    const resumed = await runTrilith(["resume", id], { cwd: folder });
    expect([resumed.code, resumed.stdout.includes("completed")]).toEqual([0, true]);
    expect(resumed.stderr).toMatch(/= count_words cached/);
  });

  it("is refused in a folder that has one, with nothing written over", async () => {
    const folder = await initProject();
    writeFileSync(join(folder, "pipelines/word-count.ts"), "mine");
    const again = await runTrilith(["init"], { cwd: folder });
    expect([again.code, again.stderr]).toEqual([2, expect.stringMatching(/has package\.json.* already/)]);
    expect(readFileSync(join(folder, "pipelines/word-count.ts"), "utf8")).toBe("mine");
  });
});
