/**
 * Writes what a base says: one continuation of the opening of each of the first fifty held-out documents, in the order
 * of the file and with the number as the seed. Nothing is chosen.
 *
 *   node scripts/write-samples.ts --base models/trilith-base-9m --prose ../shared/data/prose
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openLanguageModels } from "../src/models/index.ts";
import { selectDocuments } from "../src/pretraining/index.ts";

const SAMPLES = 50;
const PROMPT_WORDS = 12;
const SAMPLE_TOKENS = 100;

const { values: flags } = parseArgs({
  options: {
    base: { type: "string", default: "models/trilith-base-9m" },
    prose: { type: "string", default: "../shared/data/prose" },
  },
});

const models = await openLanguageModels({ folder: flags.base });
const { heldOut } = await selectDocuments({ folder: flags.prose, evaluationFolders: {}, heldOutFraction: 0 });
const voice = await models.openVoice();
const parts: string[] = [];
for (const [index, { text, source, path }] of heldOut.slice(0, SAMPLES).entries()) {
  const prompt = text.split(/\s+/).filter(Boolean).slice(0, PROMPT_WORDS).join(" ");
  const pieces = await Array.fromAsync(voice.continue(prompt, { maxTokens: SAMPLE_TOKENS, seed: index + 1 }));
  const quoted = `${prompt}**${pieces.join("")}`.replaceAll(/[<>]/g, (mark) => (mark === "<" ? "&lt;" : "&gt;"));
  parts.push(`## ${index + 1}\n\n${source}, \`${path}\`\n\n> **${quoted.replaceAll(/\s*\n\s*/g, "\n> ")}`);
  process.stdout.write(`${index + 1} of ${SAMPLES}\n`);
}
await voice.close();
await writeFile(
  join(flags.base, "SAMPLES.md"),
  `# ${models.base.name}: fifty samples

The opening of each of the first ${SAMPLES} held-out documents (bold, ${PROMPT_WORDS} words), in the order of the file, and what the base goes on with: at
most ${SAMPLE_TOKENS} tokens, the default temperature, the number as the seed. None is chosen and none left out. Nothing in them is a claim.
Written by \`scripts/write-samples.ts\`.

${parts.join("\n\n")}
`,
);
