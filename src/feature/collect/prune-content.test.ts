import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { contentBlocks } from "./content-blocks.ts";
import { parseHtml } from "./html-node.ts";
import { pruneContent } from "./prune-content.ts";

const POSTS = join(import.meta.dirname, "../../../../shared/data/authors/matklad");

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const inline = (text: string): string =>
  escaped(text)
    .replace(/\[([^\]]*)\]\(([^)\s]*)\)/g, '<a href="$2">$1</a>')
    .replace(/(?<!\w)[*_]+([^*_]+)[*_]+(?!\w)/g, "<em>$1</em>");

/** A post's source as a page might show it: enough of its markup for what the rules look at. */
function toHtml(source: string): string {
  const block = (text: string): string => {
    const [, marks, heading = ""] = /^(#{1,6})\s+([\s\S]*)$/.exec(text) ?? [];
    if (marks) return `<h${marks.length}>${inline(heading)}</h${marks.length}>`;
    if (/^[-*+] /.test(text))
      return `<ul>${text
        .split(/\n(?=[-*+] )/)
        .map((item) => `<li>${inline(item.slice(2))}</li>`)
        .join("")}</ul>`;
    if (text.startsWith(">")) return `<blockquote><p>${inline(text.replace(/^> ?/gm, ""))}</p></blockquote>`;
    return `<p>${inline(text)}</p>`;
  };
  return source
    .split(/(```[\s\S]*?\n```)/)
    .map((part) =>
      part.startsWith("```")
        ? `<pre>${escaped(part)}</pre>`
        : part
            .split(/\n\s*\n/)
            .map((text) => block(text.trim()))
            .join(""),
    )
    .join("");
}

describe("pruning", () => {
  it.skipIf(!existsSync(POSTS))(
    "takes a thousandth of an author’s own words, and no paragraph that says something (skipped where shared/data/authors is absent)",
    () => {
      const files = readdirSync(POSTS, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".dj"));
      let [wordCount, takenCount] = [0, 0];
      const long: string[] = [];
      for (const file of files) {
        const source = readFileSync(join(POSTS, file), "utf8").replace(/^---\n[\s\S]*?\n---\n/, "");
        const title = /^#\s+(.+)/m.exec(source)?.[1] ?? "";
        const { body } = parseHtml(toHtml(source));
        const before = contentBlocks(body);
        pruneContent(body, {
          title,
          authors: ["Alex Kladov"],
          url: new URL("https://matklad.github.io/2024/01/02/post.html"),
        });
        const left = new Set(contentBlocks(body).map(({ text }) => text));
        const taken = before.filter(({ text }) => !left.has(text) && text.toLowerCase() !== title.toLowerCase());
        wordCount += before.reduce((sum, block) => sum + block.wordCount, 0);
        takenCount += taken.reduce((sum, block) => sum + block.wordCount, 0);
        long.push(
          ...taken
            .filter((block) => block.wordCount > 12 && block.linkWordCount < block.wordCount / 2)
            .map(({ text }) => text),
        );
      }
      expect(files.length).toBeGreaterThan(150);
      expect(takenCount / wordCount).toBeLessThan(0.001);
      expect(long).toEqual([]);
    },
  );
});
