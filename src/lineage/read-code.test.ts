import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readCode } from "./read-code.ts";

it("names the commit, says whether files differ from it, and knows nothing outside a repository", async () => {
  const folder = mkdtempSync(join(tmpdir(), "trilith-code-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  expect(await readCode(folder)).toBeNull();
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@b", ...args], { encoding: "utf8" });
  git("init", "--quiet");
  expect(await readCode(folder)).toBeNull();
  git("commit", "--quiet", "--allow-empty", "-m", "first");
  const commit = git("rev-parse", "HEAD").trim();
  expect(await readCode(folder)).toEqual({ commit, dirty: false });
  writeFileSync(join(folder, "a"), "");
  expect(await readCode(folder)).toEqual({ commit, dirty: true });
});
