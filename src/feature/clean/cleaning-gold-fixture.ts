/**
 * The gold of cleaning: what a reader said of each line of ten real articles. Lines are known by their hashes alone,
 * as the articles may not be copied; labels stand in the lines' order.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RawDocument } from "../../contracts/documents.ts";
import { fixtureRaw } from "../../contracts/records-fixture.ts";
import { hashBytes, shortHash } from "../../core/hash.ts";

export const articlesFile = join(
  import.meta.dirname,
  "../../../../shared/data/llm-twin/data_warehouse_raw_data/ArticleDocument.json",
);
export const goldFile = join(import.meta.dirname, "cleaning-gold.json");

/** One article's judgements. */
export interface GoldArticle {
  readonly source: string;
  /** For each line with text, its label (`+` the author's, `-` not) and six digits of its hash; spaces between them. */
  readonly lines: string;
}

export interface LabelledLine {
  readonly label: string;
  readonly text: string;
  /** Whether cleaning kept it, or another just like it, in this order. */
  readonly isKept: boolean;
}

interface ExportedArticle {
  readonly content: { readonly Content: string };
  readonly platform: string;
  readonly author_id: string;
  readonly link: string;
}

/** The 76 articles as the warehouse holds them. */
export function readArticles(file: string): RawDocument[] {
  const articles = JSON.parse(readFileSync(file, "utf8")) as ExportedArticle[]; // the export's shape
  return articles.map(({ content: { Content: content }, platform, author_id: authorId, link: source }, i) =>
    fixtureRaw({ id: `${i}`, kind: "article", platform, authorId, source, title: "", content }),
  );
}

const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.normalize("NFC").replace(/\s+/g, " ").trim())
    .filter((line) => line !== "");

const hashOf = (line: string): string => shortHash(hashBytes(line)).slice(0, 6);

/** The article's lines with their labels, beside what a cleaned text kept of them; `?` where the gold knows no such line. */
export function labelled(article: RawDocument, gold: string, cleaned: string): LabelledLine[] {
  const [kept, marks] = [linesOf(cleaned), gold.split(" ")];
  let at = 0;
  return linesOf(article.content).map((text, i) => {
    const [label = "?", hash = ""] = [marks[i]?.slice(0, 1), marks[i]?.slice(1)];
    const isKept = kept[at] === text;
    if (isKept) at++;
    return { label: hash === hashOf(text) ? label : "?", text, isKept };
  });
}

/** Reads what the script printed, after a reader has set the marks. */
export function toGold(listing: string): GoldArticle[] {
  return listing
    .split(/^# (?=https?:)/m)
    .slice(1)
    .map((part) => {
      const [source = "", ...lines] = part.trim().split("\n");
      return {
        source,
        lines: lines.map((line) => line.charAt(0) + hashOf(line.slice(line.indexOf("\t") + 1))).join(" "),
      };
    });
}
