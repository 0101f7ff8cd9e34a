/**
 * Inputs that nobody should send: damaged, endless, nested, lying. Each follows from its number alone, so that one
 * that breaks something can be made again.
 */

import { gzipSync } from "node:zlib";
import { createRandom, type Random } from "../src/core/random.ts";
import { tarGzOf, type ZipFileOf, zipOf } from "./archives-of.ts";
import { docxOf, paragraphOf, pdfOf } from "./documents-of.ts";

/** One input: a file of that name, an archive from GitHub, or a page of the web. */
export interface HostileInput {
  readonly family: string;
  readonly through: "folder" | "github" | "page";
  readonly name: string;
  readonly bytes: Uint8Array;
}

type Make = (random: Random) => Omit<HostileInput, "family">;

const MARKDOWN =
  "---\ntitle: A\ndate: 2024-01-02\ntags: [a, b]\n---\n# Head\n\nIt’s *text* with `code`, [links](https://a.org) and 😀.\n\n- one\n  - two\n\n1. three\n\n> said\n\n```js\nif (a < b) go();\n```\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n[^1]: A note.\n\nUnder\n=====\n";
const HTML =
  '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title><meta property="article:published_time" content="2024-01-02"><script type="application/ld+json">{"@type":"Article","headline":"A"}</script></head><body><nav><a href="/">Home</a></nav><article><h1>A page</h1><p>It’s a <b>text</b> that goes on for a while, so that it counts as one, with <a href="/x">links</a>.</p><ul><li>one<ul><li>two</li></ul></li></ul><pre><code class="language-js">if (a &lt; b) go();</code></pre><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table><blockquote>Said by somebody who had to say more than this.</blockquote></article></body></html>';
const CODE = "// a file\nexport function go(a: number): string {\n\tif (a < 1)   return `x${a}`;\n  return 'é';\n}\n";
const CSV =
  'Date,ShareLink,ShareCommentary\n2024-01-01 00:00:00,https://a.org/1,"one ""two"", three"\n2024-01-02 00:00:00,,four\n';
const TWEETS = `window.YTD.tweets.part0 = ${JSON.stringify([
  { tweet: { id_str: "1", full_text: "one &amp; two", created_at: "Wed Oct 10 20:19:24 +0000 2018" } },
  { tweet: { id_str: "2", full_text: "RT @b: x", created_at: "Wed Oct 10 20:19:24 +0000 2018" } },
])}`;
const NOTEBOOK = JSON.stringify({
  metadata: { language_info: { name: "python" } },
  cells: [
    { cell_type: "markdown", source: ["# A\n", "text"] },
    { cell_type: "code", source: "x = 1" },
  ],
});
/** What parsers and patterns stumble over. */
const TOKENS =
  '\0|\uFEFF|\u200B|\u202E|\uD800|\uDC00|😀|é|e\u0301|\r|\r\n|\n|\n\n|\t|    | |  |```|~~~|````|---|***|===|+++|# |###### |> |- |* |1. |999999999. |[|]|(|)|](|![|[^1]: |[1] |||\\|| | |`|``|**|__|*|_|~~|<|>|</|<!--|-->|<![CDATA[|<div>|</div>|<p>|<pre>|<code>|<table><tr><td>|<script>|<style>|<svg>|<a href=\'|&|&amp;|&#x|&#0;|{{|}}|{%|$$|\\|\\(|:::|<?xml|"|\'|,|""|"\n"|=cmd()|%00|../|C:\\'.split(
    "|",
  );

/** Families by how many of a hundred inputs are theirs. */
const FAMILIES: readonly (readonly [family: string, share: number, make: Make])[] = [
  ["markdown, mutated", 18, (random) => file(random, ["a.md", "b.dj", "c.txt"], mutated(MARKDOWN, random))],
  ["html, mutated", 16, (random) => page(random, mutated(HTML, random))],
  [
    "code, mutated",
    6,
    (random) => file(random, ["a.ts", "b.py", "c.yaml", "d.json", "Makefile"], mutated(CODE, random)),
  ],
  ["notebook, mutated", 3, (random) => file(random, ["a.ipynb"], mutated(NOTEBOOK, random))],
  ["one token, again and again", 12, (random) => file(random, ["a.md", "b.txt", "c.html", "d.ts"], repeated(random))],
  ["nested", 6, (random) => nested(random)],
  ["bytes of another encoding", 10, (random) => otherEncoding(random)],
  ["noise", 4, (random) => file(random, ["a.md", "b.html", "c.pdf", "d.docx", "e.zip"], noise(random, 4000))],
  ["pdf, damaged", 8, (random) => file(random, ["a.pdf"], damaged(aPdf(random), random))],
  ["word, damaged", 5, (random) => file(random, ["a.docx"], damaged(aDocx(random), random))],
  ["export, mutated", 6, (random) => anExport(random)],
  ["archive, lying", 5, (random) => aLyingArchive(random)],
  ["front matter, hostile", 1, (random) => file(random, ["a.md"], frontMatter(random))],
];

/** The input of that number. */
export function hostileInput(number: number): HostileInput {
  const random = createRandom(number);
  let share = random.integer(100);
  for (const [family, of, make] of FAMILIES) {
    if (share < of) return { family, ...make(random) };
    share -= of;
  }
  return { family: "noise", ...file(random, ["a.md"], noise(random, 100)) };
}

/** Inputs too large to be made by the thousand: lines, nests and bombs of megabytes. */
export function hugeInputs(): HostileInput[] {
  const MIB = 2 ** 20;
  const text = (name: string, content: string | Uint8Array): HostileInput => ({
    family: "huge",
    through: "folder",
    name,
    bytes: Buffer.from(content as string), // bytes are copied just so
  });
  const zeros = Buffer.alloc(64 * MIB);
  return [
    text("line.md", "word ".repeat(2 * MIB)),
    text("line-under-limit.md", "word ".repeat(1.5 * MIB)),
    text("no-space.md", "x".repeat(7 * MIB)),
    text("no-space.txt", "é".repeat(3 * MIB)),
    text("line.html", `<article><p>${"word ".repeat(MIB)}</p></article>`),
    text("lines.md", "a\n".repeat(2 * MIB)),
    text("blank.md", `a${"\n".repeat(4 * MIB)}b`),
    text("spaces.md", `a${" ".repeat(4 * MIB)}b`),
    text("backticks.md", "`".repeat(MIB)),
    text("fences.md", "```\n".repeat(MIB / 4)),
    text("quotes.md", `${">".repeat(10_000)} deep`),
    text("quote-lines.md", Array.from({ length: 3000 }, (_, i) => `${"> ".repeat(i)}x`).join("\n")),
    text("lists.md", Array.from({ length: 3000 }, (_, i) => `${"  ".repeat(i)}- x`).join("\n")),
    text("headings.md", "# a\n".repeat(20_000)),
    text("tables.md", `|${"a|".repeat(20_000)}\n|${"-|".repeat(20_000)}\n|${"b|".repeat(20_000)}\n`),
    text("rows.md", `| a | b |\n| - | - |\n${"| 1 | 2 |\n".repeat(50_000)}`),
    text("notes.md", "[^1]: x\n".repeat(50_000)),
    text("divs.html", `${"<div>".repeat(10_000)}${"word ".repeat(50)}`),
    text("quotes.html", `${"<blockquote>".repeat(10_000)}${"word ".repeat(50)}`),
    text("lists.html", `${"<ul><li>".repeat(10_000)}${"word ".repeat(50)}`),
    text("spans.html", `<article>${"<b><i>".repeat(10_000)}${"word ".repeat(50)}</article>`),
    text("cells.html", `<article><table>${`<tr>${"<td>x</td>".repeat(200)}</tr>`.repeat(200)}</table></article>`),
    text("attributes.html", `<p ${"a=b ".repeat(200_000)}>${"word ".repeat(50)}</p>`),
    text("lines.ts", "const a = 1;\n".repeat(400_000)),
    text("minified.js", `var a=${"[".repeat(MIB)}`),
    text("bomb.docx", zipOf([{ name: "word/document.xml", content: zeros, isDeflated: true }])),
    text("bomb.zip", zipOf([{ name: "data/tweets.js", content: zeros, isDeflated: true }])),
    text("lie.zip", zipOf([{ name: "data/tweets.js", content: zeros, isDeflated: true, declaredBytes: 9 }])),
    text("many.zip", zipOf(Array.from({ length: 30_000 }, (_, i) => ({ name: `posts/${i}.html`, content: "" })))),
    text("tweets.zip", zipOf({ "data/tweets.js": `x = [${"[".repeat(MIB)}` })),
    text("quotes.zip", zipOf({ "Shares.csv": `Date,ShareLink,ShareCommentary\n"${'""'.repeat(MIB)}` })),
    { ...text("bomb.tar.gz", gzipSync(zeros)), through: "github" },
  ];
}

const pick = <T>(random: Random, values: readonly T[]): T => values[random.integer(values.length)] as T; // none is empty

const file = (
  random: Random,
  names: readonly string[],
  content: string | Uint8Array,
): Omit<HostileInput, "family"> => ({
  through: "folder",
  name: pick(random, names),
  bytes: Buffer.from(content as string), // bytes are copied just so
});

function page(random: Random, content: string): Omit<HostileInput, "family"> {
  return { ...file(random, ["a.html"], content), through: random.next() < 0.5 ? "page" : "folder" };
}

function mutated(text: string, random: Random): string {
  let result = text;
  for (let i = 1 + random.integer(12); i > 0; i--) {
    const at = random.integer(result.length + 1);
    const end = Math.min(result.length, at + random.integer(80));
    const token = pick(random, TOKENS);
    const change = random.integer(5);
    if (change === 0) result = result.slice(0, at) + token + result.slice(at);
    else if (change === 1) result = result.slice(0, at) + result.slice(end);
    else if (change === 2) result = result.slice(0, end) + result.slice(at);
    else if (change === 3) result = result.slice(0, at) + token.repeat(1 + random.integer(300)) + result.slice(at);
    else result = result.slice(0, at) + pick(random, TOKENS) + result.slice(end) + result.slice(at, end);
  }
  return result;
}

function repeated(random: Random): string {
  const unit = Array.from({ length: 1 + random.integer(3) }, () => pick(random, TOKENS)).join("");
  return `${pick(random, ["", "word ", "\n"])}${unit.repeat(1 + random.integer(3000))}${pick(random, ["", "word", "\n\nword"])}`;
}

function nested(random: Random): Omit<HostileInput, "family"> {
  const depth = 1 + random.integer(2000);
  const inner = "word ".repeat(20);
  const tag = pick(random, [
    "div",
    "blockquote",
    "ul><li",
    "b",
    "table><tr><td",
    "section",
    "a href='x'",
    "pre",
    "ol><li",
  ]);
  const kinds = [
    () => file(random, ["a.html"], `<article>${`<${tag}>`.repeat(depth)}${inner}`),
    () => file(random, ["a.md"], `${pick(random, ["> ", ">", "- ", "1. ", "  "]).repeat(depth)}${inner}`),
    () => file(random, ["a.md"], Array.from({ length: depth % 300 }, (_, i) => `${"  ".repeat(i)}- x`).join("\n")),
    () => file(random, ["a.md"], `${"[".repeat(depth)}x${"](y)".repeat(depth)}`),
    () => file(random, ["a.md"], `${"*".repeat(depth)}x${"_".repeat(depth)}`),
    () => file(random, ["a.json"], "[".repeat(depth)),
  ];
  return pick(random, kinds)();
}

function otherEncoding(random: Random): Omit<HostileInput, "family"> {
  const text = mutated(pick(random, [MARKDOWN, HTML]), random);
  const bytes = pick(random, [
    () => Buffer.from(text, "latin1"),
    () => Buffer.from(`\uFEFF${text}`, "utf16le").subarray(0, -1),
    () => Buffer.from(`\uFEFF${text}`, "utf16le").swap16(),
    () => Buffer.from(text, "utf16le"),
    () => Buffer.concat([Buffer.from(text), Buffer.from("é ü – ", "latin1"), Buffer.from(text)]),
    () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text, "latin1")]),
    () => Buffer.from(text.replace("utf-8", pick(random, ["utf-16", "shift_jis", "x-nothing", "utf-7", "gb18030"]))),
    () => Buffer.from(text).map((byte) => (random.next() < 0.02 ? random.integer(256) : byte)),
  ])();
  return file(random, ["a.md", "b.html", "c.txt"], bytes);
}

const noise = (random: Random, most: number): Uint8Array =>
  Uint8Array.from({ length: random.integer(most) }, () => random.integer(256));

/** Bytes changed, cut out, doubled or cut off. */
function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  let result = Buffer.from(bytes);
  for (let i = random.integer(6); i >= 0; i--) {
    const at = random.integer(result.length);
    const end = Math.min(result.length, at + random.integer(60));
    const change = random.integer(5);
    if (change === 0) result[at] = random.integer(256);
    else if (change === 1) result = Buffer.concat([result.subarray(0, at), result.subarray(end)]);
    else if (change === 2) result = Buffer.concat([result.subarray(0, end), result.subarray(at)]);
    else if (change === 3) result = Buffer.concat([result.subarray(0, at), noise(random, 40), result.subarray(end)]);
    else if (random.next() < 0.2) result = result.subarray(0, at);
    if (result.length === 0) return result;
  }
  return result;
}

function aPdf(random: Random): Buffer {
  const pages = Array.from({ length: 1 + random.integer(3) }, () =>
    Array.from({ length: random.integer(12) }, (_, i) => ({
      text: pick(random, [
        "Some words in a line",
        "that goes on-",
        "1",
        "• item",
        "# no heading",
        "(((",
        "x".repeat(200),
      ]),
      y: 800 - i * pick(random, [0, 12, 14, 40, -5]),
      x: pick(random, [72, 72, 90, -1000, 1e9]),
      size: pick(random, [11, 11, 20, 0, -3, 1e6]),
    })),
  );
  return pdfOf(pages, {
    Title: pick(random, ["", "A title", "x.docx"]),
    CreationDate: pick(random, ["", "D:2024", "D:9999999999"]),
  });
}

function aDocx(random: Random): Buffer {
  const body = Array.from({ length: random.integer(8) }, () =>
    paragraphOf(pick(random, ["words", "&amp;", "x".repeat(3000), "```"]), pick(random, [undefined, "H1", "Code"])),
  );
  return docxOf(mutatedXml(body.join(""), random), { H1: "heading 1", Code: "Source Code" }, "<dc:title>T</dc:title>");
}

const mutatedXml = (xml: string, random: Random): string =>
  random.next() < 0.5 ? xml : `${"<w:tbl><w:tr><w:tc>".repeat(random.integer(300))}${xml}`;

function anExport(random: Random): Omit<HostileInput, "family"> {
  const files: Readonly<Record<string, string>> = pick(random, [
    { "Shares.csv": mutated(CSV, random), "Articles/a.html": mutated(HTML, random) },
    { "data/tweets.js": mutated(TWEETS, random), "data/note-tweet.js": mutated(TWEETS, random) },
    { "posts/2024-01-01_A-1.html": mutated(HTML, random), "posts/draft_B-2.html": "" },
    {
      "posts.csv": mutated("post_id,post_date,is_published,title\n1.a,2024-01-01,true,A\n", random),
      "posts/1.a.html": HTML,
    },
  ]);
  const bytes = zipOf(files);
  return file(random, ["a.zip"], random.next() < 0.3 ? damaged(bytes, random) : bytes);
}

function aLyingArchive(random: Random): Omit<HostileInput, "family"> {
  const name = pick(random, [
    "../a.md",
    "/etc/a.md",
    "C:\\a.md",
    "a/../../b.md",
    "a\\..\\b.md",
    "a\0.md",
    "",
    ".",
    "ok.md",
    "a/b.md",
  ]);
  const content = pick(random, ["x", MARKDOWN, "\0"]);
  if (random.next() < 0.4) {
    const type = pick(random, ["file", "symlink", "directory"] as const);
    const bytes = tarGzOf([
      { name: `r/${name}`, content, type, linkname: "/etc/passwd" },
      { name, content },
    ]);
    const bent = random.next() < 0.5 ? damaged(bytes, random) : bytes;
    return { through: "github", name: "a.tar.gz", bytes: bent };
  }
  const entry: ZipFileOf = {
    name: pick(random, [name, "Shares.csv"]),
    content,
    isDeflated: random.next() < 0.5,
    mode: pick(random, [0o100644, 0o120777, 0o040755]),
    flags: pick(random, [0, 0, 1]),
    ...(random.next() < 0.3 ? { declaredBytes: random.integer(2 ** 31) } : {}),
  };
  const twin = { name: "Shares.csv", content: CSV };
  return file(random, ["a.zip", "b.docx"], zipOf(random.next() < 0.5 ? [entry, twin] : [entry, entry]));
}

function frontMatter(random: Random): string {
  const laughs = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ..."bcdefgh".split("").map((each, i) => {
      const before = "abcdefg"[i];
      return `${each}: &${each} [${`*${before},`.repeat(9)}]`;
    }),
  ].join("\n");
  const head = pick(random, [
    laughs,
    "title: [",
    "title: !!js/function x",
    "? {a: b}\n: c",
    `title: ${"[".repeat(2000)}`,
    "tags: {a: b}",
    "date: 9999-99-99",
    `t: "${"\\u0000".repeat(500)}"`,
  ]);
  return `---\n${head}\n---\n\nwords here\n`;
}
