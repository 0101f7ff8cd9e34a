/** Which code runs here, as git knows it: the commit, and whether files differ from it. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ModelCode } from "../contracts/registry.ts";

const execute = promisify(execFile);

/** The commit of the repository that `folder` is in; `null` where there is no repository, no commit or no git. */
export async function readCode(folder: string): Promise<ModelCode | null> {
  const git = async (...args: string[]): Promise<string> =>
    (await execute("git", ["-C", folder, ...args], { timeout: 10_000, maxBuffer: 1 << 26 })).stdout.trim();
  try {
    const [commit, status] = [await git("rev-parse", "HEAD"), await git("status", "--porcelain")];
    return { commit, dirty: status !== "" };
  } catch {
    return null; // a project need not be in git
  }
}
