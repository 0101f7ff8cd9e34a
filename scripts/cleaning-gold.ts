/**
 * Shows the gold of cleaning beside its articles: each line of ten articles of `../shared/data/llm-twin`, with what a
 * reader said of it (`+` the author's, `-` the site's or another reader's) and what cleaning did with it.
 * The articles may not be copied here, so the gold is kept as hashes of lines; after judging anew, `--write` files in
 * which lines are marked `+` and `-` as this script prints them.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { findBoilerplate } from "../src/feature/clean/boilerplate.ts";
import { cleanDocument } from "../src/feature/clean/clean-document.ts";
import {
  articlesFile,
  type GoldArticle,
  goldFile,
  labelled,
  readArticles,
  toGold,
} from "../src/feature/clean/cleaning-gold-fixture.ts";

const { values } = parseArgs({ options: { write: { type: "string" } } });

if (values.write !== undefined) {
  writeFileSync(goldFile, `${JSON.stringify(toGold(readFileSync(values.write, "utf8")), undefined, 2)}\n`);
} else {
  const articles = readArticles(articlesFile);
  const boilerplate = await findBoilerplate(articles);
  const gold = JSON.parse(readFileSync(goldFile, "utf8")) as GoldArticle[]; // as toGold wrote it
  for (const { source, lines } of gold) {
    const article = articles.find((each) => each.source === source);
    if (article === undefined) continue;
    process.stdout.write(`# ${source}\n`);
    for (const { label, text, isKept } of labelled(article, lines, cleanDocument(article, boilerplate).text)) {
      process.stdout.write(`${label}${isKept ? "=" : " "}\t${text}\n`);
    }
  }
}
