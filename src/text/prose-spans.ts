/**
 * Where the prose of a Markdown or Djot text is: everything but front matter and fenced code.
 * Spans point into the text, so that what is taken from them stays a verbatim slice of it.
 */

/** Characters (UTF-16 code units) from `start` up to `end`, which is excluded. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * The prose spans in order, without blank lines at their ends where code was taken out.
 *
 * @source https://spec.commonmark.org/0.31.2/#fenced-code-blocks: a fence closes with at least as many of its own characters
 */
export function proseSpans(text: string): TextSpan[] {
  const spans: TextSpan[] = [];
  let fence: string | undefined;
  let start = frontMatterEnd(text);
  for (const { index, 0: line } of text.matchAll(/[^\n]*(?:\n|$)/g)) {
    if (index < start || line === "") continue;
    const mark = /^ {0,3}(?:> ?)*(?:[-*+] +|\d+[.)] +)?(`{3,}(?=[^`]*$)|~{3,})/.exec(line)?.[1];
    if (fence === undefined && mark !== undefined) {
      spans.push({ start, end: index });
      fence = mark;
    } else if (fence !== undefined) {
      const closes = mark?.startsWith(fence) && line.trim().endsWith(mark);
      start = index + line.length;
      if (closes) fence = undefined;
    }
  }
  if (fence === undefined) spans.push({ start, end: text.length });
  return spans.map((span) => trimSpan(text, span)).filter(({ start, end }) => start < end);
}

/** The text at the spans, a blank line between them. */
export function textAt(text: string, spans: readonly TextSpan[]): string {
  return spans.map(({ start, end }) => text.slice(start, end)).join("\n\n");
}

/** The text of the prose spans, a blank line between them. */
export function proseOf(text: string): string {
  return textAt(text, proseSpans(text));
}

function frontMatterEnd(text: string): number {
  return /^(---|\+\+\+)\n[\s\S]*?\n\1(?:\n|$)/.exec(text)?.[0].length ?? 0;
}

function trimSpan(text: string, { start, end }: TextSpan): TextSpan {
  const slice = text.slice(start, end);
  const trimmedStart = start + slice.length - slice.trimStart().length;
  return { start: trimmedStart, end: Math.max(trimmedStart, start + slice.trimEnd().length) };
}
