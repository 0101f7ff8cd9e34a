/** Comma-separated values as they come: quotes, doubled quotes, commas and line ends inside of them. */

/**
 * Rows as records by the names of the first row. A row that is short lacks its last fields. A quote after a backslash
 * is one of the text, as LinkedIn writes some, but where a row or a quoted field follows.
 *
 * @source https://www.rfc-editor.org/rfc/rfc4180
 */
export async function* parseCsv(text: AsyncIterable<string>): AsyncGenerator<ReadonlyMap<string, string>> {
  let head: readonly string[] | undefined;
  for await (const line of rowsOf(text)) {
    if (line.trim() === "") continue;
    const row = fieldsOf(line);
    if (head === undefined) head = row.map((name) => name.replace(/^\uFEFF/, "").trim());
    else yield new Map(row.flatMap((value, i) => (head?.[i] === undefined ? [] : [[head[i], value] as const])));
  }
}

/** Lines that end outside of quotes. */
async function* rowsOf(text: AsyncIterable<string>): AsyncGenerator<string> {
  let row = "";
  let isQuoted = false;
  for await (const line of linesOf(text)) {
    row += row === "" ? line : `\n${line}`;
    // Doubled quotes open and close at once, so that only the count matters.
    const quotes = line.replace(/\\"(?!,"|$)/g, "").match(/"/g)?.length ?? 0;
    isQuoted = isQuoted !== (quotes % 2 === 1);
    if (isQuoted) continue;
    yield row;
    row = "";
  }
  if (row !== "") yield row;
}

async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of text) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield line.replace(/\r$/, "");
  }
  yield rest;
}

function fieldsOf(row: string): string[] {
  const fields: string[] = [];
  for (let at = 0; at <= row.length; ) {
    const [value, end] = row[at] === '"' ? quotedField(row, at + 1) : plainField(row, at);
    fields.push(value);
    at = end + 1;
  }
  return fields;
}

/** The value and where the comma after it stands. */
function plainField(row: string, at: number): [value: string, end: number] {
  const comma = row.indexOf(",", at);
  const end = comma === -1 ? row.length : comma;
  return [row.slice(at, end), end];
}

function quotedField(row: string, at: number): [value: string, end: number] {
  const marks = /""|\\"(?!,"|$|\n)|"/g;
  marks.lastIndex = at;
  for (let mark = marks.exec(row); mark; mark = marks.exec(row)) {
    if (mark[0] !== '"') continue;
    const value = row.slice(at, mark.index).replace(/""|\\"/g, '"');
    return [value, plainField(row, mark.index + 1)[1]];
  }
  return [row.slice(at).replace(/""|\\"/g, '"'), row.length];
}
