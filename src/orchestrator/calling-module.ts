/** Which module declares something: the one that called, as the stack tells it. */

import { fileURLToPath } from "node:url";
import { getCallSites } from "node:util";

/** Path of the first module on the call stack that is none of `own`, which are URLs; `null` where there is none. */
export function callingModule(own: readonly string[]): string | null {
  const ownPaths = new Set([import.meta.url, ...own].map(toPath));
  const caller = getCallSites()
    .map(({ scriptName }) => toPath(scriptName))
    .find((path) => !ownPaths.has(path));
  return caller ?? null;
}

/** A module's path from its URL or path; `null` for what is no file (a REPL, evaluated text). */
export function toPath(script: string): string | null {
  if (script.startsWith("file:")) return fileURLToPath(script);
  return script.startsWith("/") || /^[A-Za-z]:[\\/]/.test(script) ? script : null;
}
