import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { openJournalWorkspace } from "../../test/orchestrator/journal-workspace.ts";
import { pipeline, runPipeline, step } from "./index.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "trilith-folders-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe("a step's folder", () => {
  it("is found again by key in the next run, and goes when an attempt has succeeded", async () => {
    const folders: string[] = [];
    const found: (string | null)[] = [];
    let fails = true;
    const learn = step({
      name: "learn",
      input: z.object({ key: z.string() }),
      output: z.string(),
      async run({ key }, context) {
        const folder = await context.folder([key]);
        folders.push(folder);
        const file = join(folder, "state.txt");
        found.push(existsSync(file) ? await readFile(file, "utf8") : null);
        await writeFile(file, `of ${key}`);
        if (fails) throw new RangeError("killed");
        return key;
      },
    });
    const one = pipeline({
      name: "one",
      parameters: z.object({ key: z.string() }),
      run: ({ key }) => ({ learnt: learn({ key }) }),
    });
    const workspace = await openJournalWorkspace({ folder: root });
    const run = async (key: string) => (await runPipeline(one, { key }, { workspace })).result;
    await expect(run("a")).rejects.toThrow("killed");
    await expect(run("b")).rejects.toThrow("killed");
    fails = false;
    await run("a");
    expect(found).toEqual([null, null, "of a"]);
    expect([folders[0] === folders[2], folders[0] === folders[1]]).toEqual([true, false]);
    expect([existsSync(folders[0] ?? ""), existsSync(folders[1] ?? "")]).toEqual([false, true]);
    await workspace.close();
  });
});
