/** `trilith write`: what the base and a model make of the same beginnings, one below the other. */

import type { VoiceModel } from "../../contracts/models.ts";
import { loadModelFiles } from "../../stores/registry/index.ts";
import type { CommandContext } from "../command-context.ts";
import { findModel } from "../find-model.ts";
import { withProject } from "../open-project.ts";
import { parseCount } from "../option-values.ts";

interface WriteOptions {
  readonly model: string;
  readonly tokens: string;
  readonly seed: string;
}

/** Continues each prompt with both, or has both reply where the base has learnt to. Equal seeds give equal text. */
export async function writeCommand(
  { signal, ...context }: CommandContext,
  prompts: readonly string[],
  options: WriteOptions,
): Promise<void> {
  const { terminal } = context;
  const maxTokens = parseCount("--tokens", options.tokens, { max: 100_000 });
  const seed = parseCount("--seed", options.seed, { max: 2 ** 31 });
  await withProject({ signal, ...context }, async (workspace) => {
    const model = await findModel(workspace, options.model);
    const languageModels = await workspace.open("languageModels");
    const files = await loadModelFiles(model, workspace.artifacts);
    const voices = [await languageModels.openVoice(), await languageModels.openVoice(files)] as const;
    const names = [languageModels.base.name, `${model.name}@${model.version}`] as const;
    const written: { prompt: string; writer: string; text: string }[] = [];
    for (const prompt of prompts) {
      for (const [i, voice] of voices.entries()) {
        const writer = names[i] ?? "";
        let text = "";
        for await (const piece of voice.continue(promptFor(voice, prompt), { maxTokens, seed, signal })) text += piece;
        written.push({ prompt, writer, text });
        terminal.print(`${terminal.color.bold(writer)}\n${voice.chatTemplate ? "" : prompt}${text}\n`);
      }
    }
    terminal.printJson(written);
    for (const voice of voices) await voice.close();
  });
}

const promptFor = ({ chatTemplate }: VoiceModel, prompt: string): string | readonly number[] =>
  chatTemplate?.promptIds([{ role: "user", content: prompt }]) ?? prompt;
