/** One prompt and one seed, continued by the base and by each author's adapter. */

import type { VoiceModel } from "../../contracts/models.ts";
import { loadModelFiles } from "../../stores/registry/index.ts";
import { voiceLabel } from "./report.ts";
import { beginStage, newestModelOf, type Session } from "./session.ts";
import { oneLine } from "./train-stage.ts";

const SEED = 11;
const LENGTH_TOKENS = 90;

/** Fills in the report's continuations. */
export async function runVoiceStage(session: Session): Promise<void> {
  const { workspace, report, terminal } = session;
  beginStage(session, `One prompt, one seed: ${voiceLabel(report.base)}`);
  const languageModels = await workspace.open("languageModels");
  terminal.note(`  ${terminal.color.dim(`${report.prompt} …`)}`);
  const add = async (model: string, voice: VoiceModel): Promise<void> => {
    const text = await continuation(voice, report.prompt, session.signal);
    report.continuations.push({ model, text });
    terminal.note(`  ${terminal.color.cyan(model)} ${oneLine(text, 240)}`);
  };
  await add("base", await languageModels.openVoice());
  for (const { name } of report.authors) {
    const model = await newestModelOf(session, name);
    if (model?.kind === "remote") terminal.note(`  ${name}: a remote model is asked at its service`);
    else if (model) await add(name, await languageModels.openVoice(await loadModelFiles(model, workspace.artifacts)));
  }
}

async function continuation(voice: VoiceModel, prompt: string, signal: AbortSignal): Promise<string> {
  try {
    let text = "";
    const options = { seed: SEED, maxTokens: LENGTH_TOKENS, temperature: 0.8, topP: 0.95, signal };
    for await (const piece of voice.continue(prompt, options)) text += piece;
    return text;
  } finally {
    await voice.close();
  }
}
