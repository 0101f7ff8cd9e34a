/**
 * Where definitions begin in code of any language, told by its layout: a line that the next one is indented under,
 * with the comments, decorators and attributes that stand right above it.
 */

/** A definition's first line, comments included, to where the next one begins. */
export interface CodeDefinition {
  readonly start: number;
  readonly end: number;
  /** The line that opens its block, without the white space around it; empty for what stands before the first. */
  readonly opener: string;
}

/** Lines that go on with a block, or end one, and begin nothing. */
const CONTINUES =
  /^(?:[)\]}>,;|&.]|<\/|(?:end|else|elif|elsif|except|finally|catch|rescue|ensure|done|fi|then|do|case|default|when)\b)/;
const COMMENT = /^(?:\/\/|\/?\*|#|--|;|%|<!--|"""|''')/;
/** Decorators, attributes and annotations, which belong to what follows them. */
const ATTACHED = /^(?:@|#?\[|template\b)/;
const FENCE = /^(?:`{3,}|~{3,})/;

interface CodeLine {
  readonly start: number;
  readonly text: string;
  /** Columns, a tab counts as four; blank lines have none of their own. */
  readonly indent: number;
}

/**
 * The code as definitions in order: together they are the whole text.
 *
 * @param depth  0 for the outermost indentation that the code has, 1 for the next: the methods of a class
 */
export function parseDefinitions(code: string, depth = 0): CodeDefinition[] {
  const lines = linesOf(code);
  const indents = [...new Set(lines.filter(({ text }) => isCode(text)).map(({ indent }) => indent))].sort(
    (a, b) => a - b,
  );
  const level = indents[depth];
  const openers = level === undefined ? [] : lines.keys().filter((i) => opensBlock(lines, i, level));
  const starts: { start: number; opener: string }[] = [];
  for (const index of openers) {
    const first = firstAttached(lines, index);
    starts.push({ start: lines[first]?.start ?? 0, opener: lines[index]?.text ?? "" });
  }
  if (starts[0]?.start !== 0) starts.unshift({ start: 0, opener: "" });
  return starts.map(({ start, opener }, i) => ({ start, end: starts[i + 1]?.start ?? code.length, opener }));
}

/** Ends of the definitions of a code, each with the blank lines after it; the last is the code's length. */
export function definitionEnds(code: string, depth = 0): number[] {
  return code === "" ? [] : parseDefinitions(code, depth).map(({ end }) => end);
}

const isCode = (text: string): boolean => text !== "" && !FENCE.test(text);

function linesOf(code: string): CodeLine[] {
  let start = 0;
  return code.split("\n").map((line) => {
    const text = line.trim();
    const indent = line.slice(0, line.length - line.trimStart().length).replace(/\t/g, "    ").length;
    const own = { start, text, indent };
    start += line.length + 1;
    return own;
  });
}

function opensBlock(lines: readonly CodeLine[], index: number, level: number): boolean {
  const { text = "", indent } = lines[index] ?? {};
  if (indent !== level || !isCode(text) || text.startsWith("{") || CONTINUES.test(text) || COMMENT.test(text))
    return false;
  if (ATTACHED.test(text)) return false;
  const next = nextCode(lines, index);
  // A brace on a line of its own opens the block of the line before it.
  const body = next?.text === "{" && next.indent === level ? nextCode(lines, lines.indexOf(next)) : next;
  return body !== undefined && body.indent > level;
}

function nextCode(lines: readonly CodeLine[], index: number): CodeLine | undefined {
  for (let next = index + 1; next < lines.length; next++) if (lines[next]?.text !== "") return lines[next];
  return undefined;
}

/** Up over the comments and decorators that stand right above a line, and the fence that opens the code. */
function firstAttached(lines: readonly CodeLine[], index: number): number {
  let first = index;
  while (first > 0) {
    const above = lines[first - 1]?.text ?? "";
    if (!COMMENT.test(above) && !ATTACHED.test(above) && !FENCE.test(above)) break;
    first--;
  }
  return first;
}
