/** The elements of a large JSON array as they come, whatever stands before it: `window.YTD.tweets.part0 = [ … ]`. */

/**
 * Each object of the outermost array, parsed alone, so that only one is held.
 *
 * @throws {SyntaxError} where an element is no JSON, or the array has no end
 */
export async function* parseJsonArray(text: AsyncIterable<string>): AsyncGenerator<unknown> {
  let held = "";
  let depth = 0; // of brackets; the array's own is 1
  let inString = false;
  let isEscaped = false;
  for await (const piece of text) {
    let from = held === "" ? -1 : 0;
    for (let at = 0; at < piece.length; at++) {
      const code = piece.charCodeAt(at);
      if (inString) {
        if (isEscaped) isEscaped = false;
        else if (code === BACKSLASH) isEscaped = true;
        else if (code === QUOTE) inString = false;
      } else if (code === QUOTE) inString = depth > 0;
      else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
        if (depth === 1) from = at;
        depth++;
      } else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) {
        depth--;
        if (depth === 1) {
          yield JSON.parse(held + piece.slice(Math.max(from, 0), at + 1));
          held = "";
          from = -1;
        }
        if (depth <= 0) return;
      }
    }
    if (from !== -1) held += piece.slice(from);
  }
  throw new SyntaxError("the array has no end");
}

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
