#!/usr/bin/env node
/**
 * The command. Plain JavaScript that Node 20 can run: it goes on under the pinned Node 24 where this
 * one is older, with the compile cache on, and imports the rest only there.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

if (Number(process.versions.node.split(".")[0]) >= 24) {
  nodeModule.enableCompileCache?.();
  const { main } = await import("../src/cli/main.ts");
  await main(process.argv.slice(2));
} else {
  const node = pinnedNode();
  if (node === undefined) {
    process.stderr.write(
      `Trilith needs Node 24 and this is ${process.version}; run "npm run setup" first, or install Node 24.\n`,
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  // The terminal sends Ctrl-C to both processes; a signal sent to this one alone is passed on.
  process.on("SIGINT", () => undefined);
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
  });
}

/** The executable of the platform package, beside this package or above it. */
function pinnedNode() {
  const os = process.platform === "win32" ? "win" : process.platform;
  try {
    const manifest = createRequire(join(root, "package.json")).resolve(`node-${os}-${process.arch}/package.json`);
    const node = join(dirname(manifest), "bin", os === "win" ? "node.exe" : "node");
    return existsSync(node) ? node : undefined;
  } catch {
    return undefined;
  }
}
