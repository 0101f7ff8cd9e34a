/** One prompt and one seed, continued by the base and by each author's adapter. */

import type { VoiceModel } from "../../contracts/models.ts";
import type { ContentHash } from "../../core/hash.ts";
import { beginStage, type Session } from "./session.ts";
import { oneLine } from "./train-stage.ts";

const SEED = 11;
const LENGTH_TOKENS = 90;

/** Fills in the report's continuations. */
export async function runVoiceStage(session: Session): Promise<void> {
  const { workspace, report, terminal } = session;
  beginStage(session, `Voice only, ${(report.base.parameterCount / 1e6).toFixed(1)}M parameters, facts are not claims`);
  const languageModels = await workspace.open("languageModels");
  terminal.note(`  ${terminal.color.dim(`${report.prompt} …`)}`);
  const add = async (model: string, voice: VoiceModel): Promise<void> => {
    const text = await continuation(voice, report.prompt, session.signal);
    report.continuations.push({ model, text });
    terminal.note(`  ${terminal.color.cyan(model)} ${oneLine(text, 240)}`);
  };
  await add("base", await languageModels.openVoice());
  for (const { name } of report.authors) {
    const adapter = await loadAdapter(session, name);
    if (adapter !== undefined) await add(name, await languageModels.openVoice(adapter));
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

/** The files of the newest adapter of an author. */
async function loadAdapter({ workspace }: Session, name: string): Promise<Map<string, Uint8Array> | undefined> {
  const registry = await workspace.open("registry");
  const model = (await registry.list()).find(({ lineage }) => lineage.authorFullName === name);
  if (model === undefined) return undefined;
  const files = Object.entries(model.files).map(
    async ([path, hash]) => [path, await workspace.artifacts.get(hash as ContentHash)] as const, // the registry keeps hashes that `put` gave
  );
  return new Map(await Promise.all(files));
}
