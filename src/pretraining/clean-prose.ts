/** What of a document a small language model should read: its prose, without long code, tables and lists of links. */

/** Code blocks of more lines than this are dropped; shorter ones belong to the way technical authors write. */
const LONGEST_CODE_LINES = 6;
/** A technical document with a smaller share of prose characters is dropped. */
const LEAST_PROSE_FRACTION = 0.6;

/** The text to train on, or `undefined` where too little of the document is prose. */
export function cleanProse(text: string, kind: string): string | undefined {
  if (kind !== "technical") return text.trim() || undefined;
  const withoutCode = dropLongCode(text).trim();
  const lines = withoutCode.split("\n").filter((line) => line.trim());
  const proseLength = lines.filter(isProse).reduce((sum, line) => sum + line.length, 0);
  const length = lines.reduce((sum, line) => sum + line.length, 0);
  return length > 200 && proseLength / length >= LEAST_PROSE_FRACTION ? withoutCode : undefined;
}

function dropLongCode(text: string): string {
  return text.replace(/^(`{3,}|~{3,})[^\n]*\n([\s\S]*?)^\1[^\n]*\n?/gm, (block, _fence, body: string) =>
    body.split("\n").length - 1 > LONGEST_CODE_LINES ? "" : block,
  );
}

/** A sentence-like line: several words, mostly letters, not a row of a table. */
function isProse(line: string): boolean {
  if (/^\s*\|/.test(line) || line.trim().split(/\s+/).length < 6) return false;
  const letters = line.match(/[\p{L} ,.']/gu)?.length ?? 0;
  return letters / line.length > 0.85;
}
