/**
 * Adds to package-lock.json the platform packages that the registry at hand did not list: npm leaves an optional
 * dependency out of the lockfile when it cannot be found, and then refuses the lockfile with `npm ci`. An entry needs
 * only its version and its platform; it is fetched on that platform alone. Run it after `npm install` has changed the file.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface LockedPackage {
  version?: string;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  dev?: boolean;
  optional?: boolean;
  optionalDependencies?: Record<string, string>;
}

const SYSTEMS = [
  "android",
  "darwin",
  "freebsd",
  "linux",
  "openbsd",
  "netbsd",
  "openharmony",
  "win32",
  "sunos",
  "aix",
  "wasm32",
];
const PROCESSORS = ["arm64", "arm", "x64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x"];

const file = join(import.meta.dirname, "../package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, LockedPackage> };
const added: string[] = [];
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  if (path === "") continue;
  for (const [name, range] of Object.entries(optionalDependencies)) {
    const [top, nested] = [`node_modules/${name}`, `${path}/node_modules/${name}`];
    if (lock.packages[top] ?? lock.packages[nested]) continue;
    lock.packages[top] = {
      version: range.replace(/^[\^~]/, ""),
      ...platformOf(name),
      ...(dev ? { dev } : {}),
      optional: true,
    };
    added.push(name);
  }
}

const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, undefined, 2)}\n`);
process.stdout.write(`${added.length} platform packages added\n${added.join("\n")}\n`);

/** System, processor and C library as platform packages are named: `binding-linux-arm64-musl`. */
function platformOf(name: string): Pick<LockedPackage, "os" | "cpu" | "libc"> {
  const words = name.split(/[-/_]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = PROCESSORS.filter((processor) => words.includes(processor));
  const libc = words.some((word) => word.startsWith("musl")) ? ["musl"] : words.includes("gnu") ? ["glibc"] : undefined;
  if (os.length === 0 && !words.includes("wasm32"))
    throw new TypeError(`${name} does not say for which platform it is`);
  return {
    os: os.length > 0 ? os.filter((system) => system !== "wasm32") : [],
    cpu: words.some((word) => /^(arm|armv7|eabi|gnueabihf|musleabihf)$/.test(word))
      ? ["arm"]
      : words.includes("wasm32")
        ? ["wasm32"]
        : cpu,
    ...(libc ? { libc } : {}),
  };
}
