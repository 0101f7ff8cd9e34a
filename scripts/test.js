/**
 * `npm test`: format and lint, types, then the tests, and a last line with their number.
 * Plain JavaScript, so that whichever Node runs it can start the pinned one.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bin = join(root, "node_modules", ".bin");
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` };
const report = join(mkdtempSync(join(tmpdir(), "trilith-test-")), "report.json");

const run = (command, ...args) =>
  spawnSync(command, args, { cwd: root, env, stdio: "inherit", shell: process.platform === "win32" }).status ?? 1;

const gates = [
  ["format and lint", () => run("biome", "check", "--error-on-warnings")],
  ["types", () => run("tsc", "--noEmit")],
  ["tests", () => run("vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`)],
];

const failed = gates.filter(([name, gate]) => {
  process.stdout.write(`\n== ${name}\n`);
  return gate() !== 0;
});

let counts = { numPassedTests: 0, numFailedTests: 0 };
try {
  counts = JSON.parse(readFileSync(report, "utf8"));
} catch {
  process.stdout.write("The test runner wrote no report.\n");
}
rmSync(dirname(report), { recursive: true, force: true });
for (const [name] of failed) process.stdout.write(`failed: ${name}\n`);
// A gate that is no test counts as one failed test, so that the last line never hides it.
const others = failed.filter(([name]) => name !== "tests" || counts.numFailedTests === 0).length;
process.stdout.write(`${counts.numPassedTests} passed, ${counts.numFailedTests + others} failed\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
