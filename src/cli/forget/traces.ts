/**
 * Telling whether bytes hold something of texts that are to be forgotten: a run of eight of their words that no text
 * which stays has, a title or a source of theirs, or an id. Bytes are read as they are, so it works on JSON, Markdown,
 * HTML and tables alike.
 */

/** Where a text is quoted it is mostly quoted longer; eight words in order hardly come about by chance. */
const RUN_LENGTH = 8;
/** A title of fewer words may be anything. */
const SHORTEST_NAME = 3;

interface Traced {
  readonly text: string;
  /** Titles and sources, that are looked for whole. */
  readonly names: readonly string[];
}

export interface Traces {
  /** Adds a text to those that are to be forgotten. */
  add(traced: Traced): void;
  /** Takes out what a text that stays has too. */
  keep(traced: Traced): void;
  isIn(bytes: Uint8Array): boolean;
}

/** Traces of nothing yet but the ids, which are hashes. */
export function createTraces(ids: Iterable<string>): Traces {
  const hashes = new Set([...ids].map((id) => wordsOf(id).at(-1) ?? "").filter((word) => /^[0-9a-f]{12,}$/.test(word)));
  /** By their number of words. */
  const runs = new Map<number, Set<string>>([[RUN_LENGTH, new Set()]]);
  const each = ({ text, names }: Traced, visit: (run: string, length: number) => void): void => {
    for (const run of runsOf(wordsOf(text), RUN_LENGTH)) visit(run, RUN_LENGTH);
    for (const words of names.map(wordsOf)) if (words.length >= SHORTEST_NAME) visit(words.join(" "), words.length);
  };
  return {
    add: (traced) => each(traced, (run, length) => void runs.set(length, (runs.get(length) ?? new Set()).add(run))),
    keep: (traced) => each(traced, (run, length) => void runs.get(length)?.delete(run)),
    isIn(bytes) {
      const words = wordsOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      if (words.some((word) => hashes.has(word))) return true;
      return runs
        .entries()
        .some(([length, known]) => known.size > 0 && runsOf(words, length).some((run) => known.has(run)));
    },
  };
}

/** Words as bytes, one character each; what JSON puts before a character is no part of a word. */
function wordsOf(content: string | Buffer): string[] {
  const text = (typeof content === "string" ? Buffer.from(content) : content).toString("latin1").toLowerCase();
  return text.replaceAll(/\\[nrtbf"\\/]/g, " ").match(/[a-z0-9\x80-\xff]+/g) ?? [];
}

function* runsOf(words: readonly string[], length: number): Generator<string> {
  for (let end = length; end <= words.length; end++) yield words.slice(end - length, end).join(" ");
}
