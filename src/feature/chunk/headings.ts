/** What a chunk stands under: the headings of a text, outermost first; in code the definition that it is a part of. */

import { headingText, parseDefinitions } from "../../text/index.ts";
import { type Block, isCodeFile } from "./units.ts";

/** The names over a position; positions must be asked for in ascending order. */
export function headingsOf(text: string, blocks: readonly Block[]): (start: number) => string[] {
  return isCodeFile(blocks) ? definitionsOver(text) : headingsOver(text, blocks);
}

/** With the headings that begin at the position: `# A` and `## B` open one chunk together. */
function headingsOver(text: string, blocks: readonly Block[]): (start: number) => string[] {
  const path: { level: number; name: string }[] = [];
  let next = 0;
  return (start) => {
    for (let opens = false; next < blocks.length; next++) {
      const block = blocks[next];
      if (block === undefined) break;
      opens = block.kind === "heading" && (block.start === start || opens);
      if (block.start >= start && !opens) break;
      if (block.kind !== "heading") continue;
      const slice = text.slice(block.start, block.end);
      const level = levelOf(slice);
      while ((path.at(-1)?.level ?? 0) >= level) path.pop();
      path.push({ level, name: headingText(slice) });
    }
    return path.map(({ name }) => name).filter((name) => name !== "");
  };
}

const levelOf = (heading: string): number =>
  /^ {0,3}(#{1,6})/.exec(heading)?.[1]?.length ?? (/=+\s*$/.test(heading) ? 1 : 2);

/** The line that opens the definition, where the position is inside of it and not at its beginning. */
function definitionsOver(text: string): (start: number) => string[] {
  const definitions = parseDefinitions(text);
  let at = 0;
  return (start) => {
    while (at < definitions.length && (definitions[at]?.end ?? 0) <= start) at++;
    const { start: begin = 0, opener = "" } = definitions[at] ?? {};
    const isInside = start > begin && /^\s/.test(text.slice(start, start + 1));
    return isInside && opener !== "" ? [opener] : [];
  };
}
