/** Code as a fenced block of Markdown, between marks that do not occur in it. */

/** The code between fences long enough for it. */
export function codeFence(code: string, language = ""): string {
  let longest = 2;
  for (const [run] of code.matchAll(/`{3,}/g)) longest = Math.max(longest, run.length);
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${code.replace(/\n+$/, "")}\n${fence}`;
}
