/**
 * Makes the folder ready: installs what the lockfile asks for when it is missing or older than the
 * lockfile, and checks that a Node that can run the sources is there. Plain JavaScript for Node 20.
 */

import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const lockfile = join(root, "package-lock.json");
// npm writes this file last, so it tells that an installation was finished, and when.
const installed = join(root, "node_modules", ".package-lock.json");

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lockfile).mtimeMs) {
  process.stderr.write("Installing what package-lock.json asks for (about 950 MB, once) …\n");
  // Install scripts are off: one of them would fetch GPU libraries from outside the npm registry.
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    process.stderr.write("The installation failed; the lines above say why. Mend it and run the command again.\n");
    process.exit(1);
  }
}

const pinned = existsSync(join(root, "node_modules", ".bin", process.platform === "win32" ? "node.cmd" : "node"));
if (!pinned && Number(process.versions.node.split(".")[0]) < 24) {
  process.stderr.write(
    `No pinned Node exists for ${process.platform}-${process.arch}, and this one is ${process.version}; ` +
      "Trilith needs Node 24. Install it from your package manager or version manager (.node-version names it) and try again.\n",
  );
  process.exit(1);
}
