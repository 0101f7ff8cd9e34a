/** Writes docs/errors.md from the error classes: the code of each, its class, and the first sentence of its docstring. */

import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const CLASS =
  /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export class (\w+)[^{]*\{\s*(?:override )?readonly code(?::[^=]+)? = "([^"]+)"/g;

const rows = globSync(["src/**/*.ts", "steps/**/*.ts", "pipelines/**/*.ts"], { cwd: root })
  .filter((path) => !path.endsWith(".test.ts"))
  .flatMap((path) => [...readFileSync(join(root, path), "utf8").matchAll(CLASS)])
  .map(([, comment = "", name = "", code = ""]) => ({ code, name, when: firstSentence(comment) }))
  .sort((a, b) => (a.code < b.code ? -1 : 1));

function firstSentence(comment: string): string {
  const text = comment
    .replace(/^\s*\* ?/gm, " ")
    .replace(/\s+/g, " ")
    .trim();
  return text.split(/(?<=\.)\s/)[0] ?? text;
}

writeFileSync(
  join(root, "docs/errors.md"),
  `# Error codes

Branch on \`code\`: it is stable, messages are not. The command line exits with 2 where the command or its input
can be mended by who typed it, with 1 where the work failed, with 70 for a fault of Trilith, with 130 after Ctrl-C.

| Code | Class | When |
| --- | --- | --- |
${rows.map(({ code, name, when }) => `| \`${code}\` | ${name} | ${when.replaceAll("|", "\\|")} |`).join("\n")}
`,
);
process.stdout.write(`docs/errors.md: ${rows.length} codes\n`);
