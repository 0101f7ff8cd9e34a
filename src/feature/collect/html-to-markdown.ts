/**
 * HTML as Markdown: headings, lists, quotes, tables, code with its language, emphasis, links with absolute addresses.
 * Prose is not escaped, because it is read as prose; only what would begin a block at the start of a line is.
 */

import { type HtmlElement, type HtmlNode, isElement } from "./html-node.ts";

const SKIPPED = new Set(
  "SCRIPT STYLE NOSCRIPT TEMPLATE SVG IFRAME OBJECT IMG PICTURE VIDEO AUDIO CANVAS BUTTON INPUT SELECT TEXTAREA NAV".split(
    " ",
  ),
);
const BLOCKS = new Set(
  (
    "ADDRESS ARTICLE ASIDE BLOCKQUOTE BODY DD DETAILS DIV DL DT FIGCAPTION FIGURE FOOTER FORM H1 H2 H3 H4 H5 H6 HEADER " +
    "HR LI MAIN OL P PRE SECTION SUMMARY TABLE TBODY TD TH THEAD TR UL"
  ).split(" "),
);

/**
 * The Markdown of everything under `root`, blocks with a blank line between them.
 *
 * @param baseUrl  what relative links are resolved against
 */
export function htmlToMarkdown(root: HtmlNode, baseUrl?: URL): string {
  return renderBlocks(root, baseUrl).join("\n\n");
}

function renderBlocks(parent: HtmlNode, baseUrl: URL | undefined): string[] {
  const blocks: string[] = [];
  let inline: HtmlNode[] = [];
  const flush = (): void => {
    const paragraph = tidyInline(inline.map((node) => renderInline(node, baseUrl)).join(""));
    if (paragraph !== "") blocks.push(escapeStart(paragraph));
    inline = [];
  };
  for (const child of parent.childNodes) {
    if (!isElement(child) || (!BLOCKS.has(tagOf(child)) && !holdsBlock(child))) {
      inline.push(child);
      continue;
    }
    flush();
    blocks.push(...renderBlock(child, baseUrl).filter((block) => block !== ""));
  }
  flush();
  return blocks;
}

function renderBlock(element: HtmlElement, baseUrl: URL | undefined): string[] {
  const tag = tagOf(element);
  if (SKIPPED.has(tag)) return [];
  const heading = /^H([1-6])$/.exec(tag)?.[1];
  if (heading) {
    const text = renderBlocks(element, baseUrl).join(" ").replace(/\s+/g, " ");
    return text === "" ? [] : [`${"#".repeat(Number(heading))} ${text}`];
  }
  if (tag === "PRE") return [renderCode(element)];
  if (tag === "HR") return ["---"];
  if (tag === "UL" || tag === "OL") return [renderList(element, baseUrl)];
  if (tag === "TABLE") return renderTable(element, baseUrl);
  const blocks = renderBlocks(element, baseUrl);
  if (tag !== "BLOCKQUOTE" || blocks.length === 0) return blocks;
  return [prefixLines(blocks.join("\n\n"), "> ").replace(/^> $/gm, ">")];
}

function renderCode(pre: HtmlElement): string {
  const code = codeText(pre).replace(/^\n+|\s+$/g, "");
  const fence = "`".repeat(Math.max(3, 1 + Math.max(0, ...[...code.matchAll(/`+/g)].map(([run]) => run.length))));
  return code === "" ? "" : `${fence}${languageOf(pre)}\n${code}\n${fence}`;
}

function codeText(node: HtmlNode): string {
  if (!isElement(node)) return node.textContent ?? "";
  if (tagOf(node) === "BR") return "\n";
  return SKIPPED.has(tagOf(node)) ? "" : [...node.childNodes].map(codeText).join("");
}

/** `language-js` on `<code>`, `lang-js` or `highlight-source-js` around it, `data-lang`, or nothing. */
function languageOf(pre: HtmlElement): string {
  const around = [pre.querySelector("code"), pre, (pre as HtmlElement & { parentNode: HtmlElement | null }).parentNode]; // a node in a tree has a parent
  for (const element of around) {
    const declared = element?.getAttribute("data-lang") ?? element?.getAttribute("data-language");
    const name =
      declared ?? /(?:language-|lang-|highlight-source-)([\w+#-]+)/.exec(element?.getAttribute("class") ?? "")?.[1];
    if (name && !/^(?:none|plaintext|text)$/.test(name)) return name;
  }
  return "";
}

function renderList(list: HtmlElement, baseUrl: URL | undefined): string {
  const isOrdered = tagOf(list) === "OL";
  let number = Number(list.getAttribute("start") ?? 1);
  const items: string[] = [];
  for (const child of list.childNodes) {
    if (!isElement(child)) continue;
    const marker = isOrdered ? `${number}. ` : "- ";
    const blocks = tagOf(child) === "LI" ? renderBlocks(child, baseUrl) : renderBlock(child, baseUrl);
    if (blocks.length === 0) continue;
    number++;
    const text = blocks.reduce((before, block) => `${before}${/^(?:- |\d+\. )/.test(block) ? "\n" : "\n\n"}${block}`);
    items.push(marker + prefixLines(text, " ".repeat(marker.length)).trimStart());
  }
  return items.join("\n");
}

/** A table of data as a table; one that only places things on the page as its contents. */
function renderTable(table: HtmlElement, baseUrl: URL | undefined): string[] {
  const rows = [...table.querySelectorAll("tr")].map((row) => [...row.childNodes].filter(isElement));
  const width = Math.max(0, ...rows.map((cells) => cells.length));
  if (width < 2 || rows.length < 2 || table.querySelector("table, pre, ul, ol") !== null) {
    return rows.flatMap((cells) => cells.flatMap((cell) => renderBlocks(cell, baseUrl)));
  }
  const lines = rows.map((cells) => {
    const texts = cells.map((cell) =>
      renderBlocks(cell, baseUrl).join(" ").replace(/\s+/g, " ").replaceAll("|", "\\|"),
    );
    return `| ${[...texts, ...Array<string>(width - texts.length).fill("")].join(" | ")} |`;
  });
  const rule = `|${" --- |".repeat(width)}`;
  return [[lines[0], rule, ...lines.slice(1)].join("\n")];
}

function renderInline(node: HtmlNode, baseUrl: URL | undefined): string {
  if (node.nodeType === 3) return (node.textContent ?? "").replace(/[ \t\r\n]+/g, " ");
  if (!isElement(node) || SKIPPED.has(tagOf(node))) return "";
  const tag = tagOf(node);
  if (tag === "BR") return "  \n";
  if (tag === "CODE" || tag === "KBD" || tag === "SAMP") return inlineCode(node.textContent ?? "");
  const text = [...node.childNodes].map((child) => renderInline(child, baseUrl)).join("");
  if (tag === "STRONG" || tag === "B") return wrap(text, "**");
  if (tag === "EM" || tag === "I") return wrap(text, "*");
  if (tag === "DEL" || tag === "S") return wrap(text, "~~");
  return tag === "A" ? link(text, node.getAttribute("href"), baseUrl) : text;
}

function inlineCode(code: string): string {
  const text = code.replace(/\s+/g, " ");
  if (text.trim() === "") return text;
  const mark = "`".repeat(1 + Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length)));
  return mark.length > 1 ? `${mark} ${text} ${mark}` : `${mark}${text}${mark}`;
}

/** Marks around the words, white space outside; what is marked so already is not marked twice. */
function wrap(text: string, mark: string): string {
  const [, before = "", words = "", after = ""] = /^(\s*)([\s\S]*?)(\s*)$/.exec(text) ?? [];
  const isMarked = words.startsWith(mark) && words.endsWith(mark);
  return words === "" || isMarked || words.includes("\n") ? text : `${before}${mark}${words}${mark}${after}`;
}

function link(text: string, href: string | null, baseUrl: URL | undefined): string {
  const url = href === null || href.startsWith("#") ? null : URL.parse(href, baseUrl?.href);
  const [, before = "", words = "", after = ""] = /^(\s*)([\s\S]*?)(\s*)$/.exec(text) ?? [];
  if (url === null || !/^(?:https?|mailto):$/.test(url.protocol) || words === "") return text;
  return `${before}[${words}](${url.href.replaceAll("(", "%28").replaceAll(")", "%29")})${after}`;
}

const tagOf = (element: HtmlElement): string => element.tagName.toUpperCase();

/** Whether an inline element is only a wrapper around blocks, as `<a>` around a whole card. */
function holdsBlock(element: HtmlElement): boolean {
  if (SKIPPED.has(tagOf(element)) || tagOf(element) === "CODE") return false;
  return [...element.childNodes].some((child) => isElement(child) && (BLOCKS.has(tagOf(child)) || holdsBlock(child)));
}

const tidyInline = (text: string): string =>
  text
    .replace(/ *(?: {2}\n *)+/g, (breaks) => (breaks.split("\n").length > 2 ? "\n\n" : "  \n"))
    .replace(/(?<! ) {2,}(?![ \n])/g, " ")
    .trim();

const escapeStart = (text: string): string =>
  text.replace(/^(#{1,6} |>|[-+*] |`{3}|~{3})/gm, "\\$1").replace(/^(\d{1,9})([.)] )/gm, "$1\\$2");

const prefixLines = (text: string, prefix: string): string =>
  text.replace(/^(?=[^\n])|^(?=\n)/gm, (_, at: number) => (text[at] === "\n" ? prefix.trimEnd() : prefix));
