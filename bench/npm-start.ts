/**
 * The main job from a fresh clone: `git clone` of the last commit into an empty folder, then `npm start`, installation
 * included (npm's download cache as it is); and a second `npm start` in the same folder.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchReport } from "./report.ts";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "trilith-clone-"));
const clone = join(folder, "trilith");

const seconds = (command: string, args: readonly string[], cwd: string): number => {
  const start = performance.now();
  const { status } = spawnSync(command, args, {
    cwd,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, CI: "1" },
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} exited with ${status}`);
  return (performance.now() - start) / 1000;
};

seconds("git", ["clone", "--quiet", "--depth", "1", `file://${root}`, clone], folder);
const first = seconds("npm", ["start", "--", "--port", "0"], clone);
const second = seconds("npm", ["start", "--", "--port", "0"], clone);
rmSync(folder, { recursive: true, force: true });

benchReport({
  name: "npm-start",
  unit: "s",
  samples: [first],
  extra: { secondRunSeconds: second, targetSeconds: 240, secondTargetSeconds: 10 },
});
