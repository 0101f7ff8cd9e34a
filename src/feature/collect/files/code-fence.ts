/** Code as a fenced block of Markdown, between marks that do not occur in it. */

/** The code between fences long enough for it. */
export function codeFence(code: string, language = ""): string {
  const longest = Math.max(0, ...[...code.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const fence = "`".repeat(Math.max(3, longest + 1));
  return `${fence}${language}\n${code.replace(/\n+$/, "")}\n${fence}`;
}
