import { describe, expect, it } from "vitest";
import { corpusOf } from "../../test/corpus-of.ts";
import type { SearchHit } from "../contracts/vectors.ts";
import { createRetriever } from "../inference/index.ts";
import { formatHits } from "./render-hits.ts";
import { type Palette, plainPalette } from "./terminal.ts";

const marked: Palette = { ...plainPalette, bold: (text) => `<b>${text}</b>`, yellow: (text) => `<y>${text}</y>` };
const filler = "Nothing of it is here. ".repeat(40);

async function search(query: string): Promise<SearchHit[]> {
  const { ports } = await corpusOf([
    { author: "Ada", title: "Index", text: "We build at night. The first build\nof the index took five hours." },
    {
      author: "Bo",
      title: "Flags",
      text: `${filler}Run it with --dry-run, then os.path.join does the rest. ${filler}`,
    },
  ]);
  return createRetriever(ports).retrieve(query, { denseWeight: 0 });
}

describe("hits on a terminal", () => {
  it("have their place, their ranks in both legs, and the words that were found in bold", async () => {
    const query = "first builds of an index";
    const [hit] = await search(query);
    expect(formatHits(hit ? [hit] : [], query, marked)).toMatch(
      /^1\. <b>Index<\/b> — Ada\n {3}1\.000 \(words #1, vectors –\) · notes\/0\.md:7\n {3}We <b>build<\/b> at night\. The <b>first<\/b> <b>build<\/b> of the <b>index<\/b> took five hours\.$/,
    );
  });

  it("show the stretch that holds most of the query, names as they are written", async () => {
    const query = "dry run path join";
    const [hit] = await search(query);
    const shown = formatHits(hit ? [hit] : [], query, marked);
    expect(shown).toMatch(/\n {3}….{10,60}with --<b>dry-run<\/b>?,/);
    expect(shown).toMatch(/<b>os\.path\.join<\/b> does the rest.*…$/);
  });

  it("have their headings and their date where there are any", async () => {
    const [hit] = await search("index");
    const dated = hit && {
      ...hit,
      chunk: { ...hit.chunk, headings: ["Index", "Log", "May"], publishedAt: "2024-05-31T18:00:00Z" },
    };
    expect(formatHits(dated ? [dated] : [], "index")).toMatch(/^1\. Index — Ada, 2024-05-31\n {3}Log › May\n/);
  });

  it("are said to be none where there are none", () => {
    expect(formatHits([])).toBe("Nothing was found.");
  });
});
