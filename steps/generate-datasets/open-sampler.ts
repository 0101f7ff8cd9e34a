/** What pairs are sampled from: a registered voice, the bare base, the configured chat model, or, for trying, the author's own words shuffled. */

import { loadModelFiles, type VoiceModel, type WorkspacePorts } from "trilith";
import { NoVoiceError, type PairOptions, type PreferencePrompt } from "trilith/datasets";
import { bitsPerByte } from "trilith/evaluation";
import { modelNameOf } from "trilith/training";

type Ports = Pick<WorkspacePorts, "registry" | "artifacts" | "languageModels" | "chatModel">;

/** Words become about this many tokens of a small vocabulary. */
const TOKENS_PER_WORD = 2;
const LEAST_TOKENS = 64;

/** Answers, scores and an end. */
export interface Sampler extends Pick<PairOptions, "sample" | "style"> {
  readonly id: string;
  close(): Promise<void>;
}

/** Which model is asked. */
export interface SamplerChoice {
  /** `name`, `name@version`, `base`, `chat_model`; `null`: the newest version of the author's own. */
  readonly voice: string | null;
  readonly author: string;
  readonly mock: boolean;
  readonly temperature: number;
  readonly signal: AbortSignal;
}

/** @throws {NoVoiceError} when there is no such model */
export async function openSampler(ports: Ports, choice: SamplerChoice): Promise<Sampler> {
  const { voice, mock } = choice;
  if (mock)
    return {
      id: "mock",
      sample: async (prompt, seed) => reversed(prompt, seed),
      style: null,
      close: async () => undefined,
    };
  if (voice === "chat_model") return chatSampler(ports, choice);
  if (voice === "base") return voiceSampler(await ports.languageModels.openVoice(), null, { ports, choice });
  const [name = "", version] = (voice ?? modelNameOf(choice.author)).split("@");
  const model = await ports.registry.find(name, version === undefined ? "latest" : Number(version));
  if (model === undefined) {
    const known = (await ports.registry.list()).map((each) => `${each.name}@${each.version}`);
    throw new NoVoiceError(voice ?? name, known);
  }
  const adapter = await loadModelFiles(model, ports.artifacts);
  const [own, base] = [await ports.languageModels.openVoice(adapter), await ports.languageModels.openVoice()];
  return voiceSampler(own, base, { ports, choice });
}

/** Style is how many bits a byte the author's voice needs less than the bare base does. */
function voiceSampler(
  own: VoiceModel,
  base: VoiceModel | null,
  { ports, choice }: { readonly ports: Ports; readonly choice: SamplerChoice },
): Sampler {
  const { temperature, signal } = choice;
  return {
    id: own.id,
    async sample(prompt, seed) {
      const { languageModels } = ports;
      const asked = prompt.instructed
        ? languageModels.chatTemplate.promptIds([{ role: "user", content: prompt.prompt }])
        : prompt.prompt;
      const pieces = own.continue(asked, { maxTokens: tokensFor(prompt), temperature, seed, signal });
      return (await Array.fromAsync(pieces)).join("");
    },
    style:
      base &&
      (async (texts) => {
        const [ours, theirs] = [await bitsPerByte(own, texts), await bitsPerByte(base, texts)];
        return texts.map((_, index) => (theirs[index] ?? 0) - (ours[index] ?? 0));
      }),
    async close() {
      await own.close();
      await base?.close();
    },
  };
}

function chatSampler({ chatModel }: Ports, { temperature, signal }: SamplerChoice): Sampler {
  if (chatModel === null) throw new NoVoiceError("chat_model (none is configured)", []);
  return {
    id: chatModel.id,
    async sample(prompt, seed) {
      const content = prompt.instructed ? prompt.prompt : `Continue this text:\n\n${prompt.prompt}`;
      const pieces = chatModel.stream([{ role: "user", content }], {
        maxTokens: tokensFor(prompt),
        temperature,
        seed,
        signal,
      });
      return (await Array.fromAsync(pieces)).join("");
    },
    style: null,
    close: async () => undefined,
  };
}

/** Enough to be as long as the author's answer. */
const tokensFor = ({ answer }: PreferencePrompt): number =>
  Math.max(LEAST_TOKENS, Math.ceil(TOKENS_PER_WORD * 1.2 * answer.split(/\s+/).length));

/** The words of each sentence from the last to the first: the length is the author's, and nothing else is. */
function reversed({ answer }: PreferencePrompt, seed: number): string {
  const sentences = answer.split(/(?<=[.!?])\s+/).map(
    (sentence) =>
      `${sentence
        .replace(/[.!?]+$/, "")
        .split(/\s+/)
        .reverse()
        .join(" ")}.`,
  );
  return [...sentences.slice(seed), ...sentences.slice(0, seed)].join(" ");
}
