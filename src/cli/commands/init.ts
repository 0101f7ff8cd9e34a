/** `trilith init`: a project with one pipeline that runs, in the shape that every project has. */

import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { CommandContext } from "../command-context.ts";
import { FolderInUseError } from "../errors.ts";

const PACKAGE_FOLDER = join(import.meta.dirname, "../../..");

/** Writes the project's files into the folder; one that is there already is never touched. */
export async function initCommand({ terminal }: CommandContext, folder: string | undefined): Promise<void> {
  const target = resolve(folder ?? ".");
  const files = await projectFiles(target);
  const taken = Object.keys(files).filter((file) => existsSync(join(target, file)));
  if (taken.length > 0) throw new FolderInUseError(target, taken);
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(target, file)), { recursive: true });
    await writeFile(join(target, file), text, { flag: "wx" });
  }
  terminal.printJson({ folder: target, files: Object.keys(files) });
  for (const file of Object.keys(files)) terminal.print(`  ${file}`);
  const enter = target === process.cwd() ? "" : `cd ${relative(process.cwd(), target)} && `;
  terminal.print(`\nNext:\n  ${enter}npm install\n  npx trilith run word_count --config configs/word_count.yaml`);
}

async function projectFiles(target: string): Promise<Record<string, string>> {
  const manifest = JSON.parse(await readFile(join(PACKAGE_FOLDER, "package.json"), "utf8"));
  const installed = PACKAGE_FOLDER.split(sep).includes("node_modules");
  const name =
    basename(target)
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, "-") || "project";
  const project = {
    name,
    private: true,
    type: "module",
    scripts: { start: "trilith run word_count --config configs/word_count.yaml" },
    dependencies: {
      // From a clone of the sources the project uses that clone.
      trilith: installed ? `^${manifest.version}` : `file:${relative(target, PACKAGE_FOLDER)}`,
      zod: manifest.dependencies.zod,
    },
  };
  return {
    "package.json": `${JSON.stringify(project, undefined, 2)}\n`,
    ".gitignore": "node_modules/\n.trilith/\n",
    "trilith.config.ts": CONFIG,
    "pipelines/word-count.ts": PIPELINE,
    "steps/word-count/read-texts.ts": READ_TEXTS,
    "steps/word-count/count-words.ts": COUNT_WORDS,
    "steps/word-count/words-of.ts": WORDS_OF,
    "configs/word_count.yaml": RUN_CONFIG,
    "texts/one.txt": "A step is a function with a name.\n",
    "texts/two.txt": "A pipeline calls steps and passes on what they give.\n",
  };
}

const CONFIG = `import { defineConfig } from "trilith";

export const config = defineConfig({});
`;

const PIPELINE = `import { each, pipeline } from "trilith";
import { z } from "zod";
import { addUp, countWords } from "../steps/word-count/count-words.ts";
import { readTexts } from "../steps/word-count/read-texts.ts";

export const wordCount = pipeline({
  name: "word_count",
  parameters: z.object({ folder: z.string(), shortest: z.int().default(1) }),
  run({ folder, shortest }) {
    const texts = readTexts({ folder });
    const counts = each(texts, (text) => countWords({ text, shortest }));
    return { counts, total: addUp({ counts }) };
  },
});
`;

const READ_TEXTS = `import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { step } from "trilith";
import { z } from "zod";

/** Reads the outside world, so its output is not taken from the cache. */
export const readTexts = step({
  name: "read_texts",
  input: z.object({ folder: z.string() }),
  output: z.array(z.string()),
  cache: false,
  run({ folder }, { log }) {
    const files = readdirSync(folder).filter((file) => file.endsWith(".txt")).sort();
    log.info("reading", { files: files.length });
    return files.map((file) => readFileSync(join(folder, file), "utf8"));
  },
});
`;

const COUNT_WORDS = `import { step } from "trilith";
import { z } from "zod";
import { wordsOf } from "./words-of.ts";

export const countWords = step({
  name: "count_words",
  input: z.object({ text: z.string(), shortest: z.int() }),
  output: z.int(),
  run: ({ text, shortest }) => wordsOf(text).filter((word) => word.length >= shortest).length,
});

export const addUp = step({
  name: "add_up",
  input: z.object({ counts: z.array(z.int()) }),
  output: z.int(),
  run: ({ counts }) => counts.reduce((sum, count) => sum + count, 0),
});
`;

const WORDS_OF = `export const wordsOf = (text: string): string[] => text.match(/[\\p{L}\\p{N}]+/gu) ?? [];
`;

const RUN_CONFIG = `parameters:
  folder: texts
  shortest: 1
# tags: [nightly]
# schedule:                 # trilith schedule deploy word_count --config configs/word_count.yaml
#   cron_expression: 0 3 * * *
#   time_zone: Europe/Berlin
# steps:
#   count_words:
#     retry: { max_retries: 2, delay: 1, backoff: 2 }
`;
