/** `trilith write`: what the base and a model make of the same beginnings, one below the other, as it comes. */

import type { VoiceModel } from "../../contracts/models.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { loadModelFiles } from "../../stores/registry/index.ts";
import type { CommandContext } from "../command-context.ts";
import { findModel } from "../find-model.ts";
import { withProject } from "../open-project.ts";
import { parseCount } from "../option-values.ts";
import type { Terminal } from "../terminal.ts";

interface WriteOptions {
  /** Absent: the base alone. */
  readonly model?: string;
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
    const writers = await openWriters(workspace, options.model);
    const written: { prompt: string; writer: string; text: string }[] = [];
    try {
      // A voice reads on with all of its texts in one run; they are shown one below the other.
      const texts = prompts.flatMap((prompt) =>
        [...writers].map(([writer, voice]) => {
          const pieces = voice.continue(promptFor(voice, prompt), { maxTokens, seed, signal });
          return { prompt, writer, beginning: voice.chatTemplate ? "" : prompt, pieces: readAhead(pieces) };
        }),
      );
      for (const { prompt, writer, beginning, pieces } of texts) {
        terminal.printPiece(`${terminal.color.bold(writer)}\n${beginning}`);
        written.push({ prompt, writer, text: await printPieces(pieces, terminal) });
      }
    } finally {
      for (const voice of writers.values()) await voice.close();
    }
    terminal.printJson(written);
  });
}

/** Reads at once, and gives what has come when it is asked for. */
function readAhead(pieces: AsyncIterable<string>): AsyncIterable<string> {
  const { readable, writable } = new TransformStream<string, string>(undefined, undefined, {
    highWaterMark: Number.POSITIVE_INFINITY,
  });
  ReadableStream.from(pieces)
    .pipeTo(writable)
    .catch(() => undefined); // told by `readable` as well
  return readable;
}

/** Prints pieces as they come, and an empty line behind the last, also where none follows because of an error. */
async function printPieces(pieces: AsyncIterable<string>, terminal: Terminal): Promise<string> {
  let text = "";
  try {
    for await (const piece of pieces) {
      terminal.printPiece(piece);
      text += piece;
    }
  } finally {
    terminal.print("\n");
  }
  return text;
}

/** The base, and the model where one is named, by what they are called. */
async function openWriters(workspace: Workspace, named: string | undefined): Promise<ReadonlyMap<string, VoiceModel>> {
  const model = named === undefined ? undefined : await findModel(workspace, named);
  const languageModels = await workspace.open("languageModels");
  const writers = new Map([[languageModels.base.name, await languageModels.openVoice()]]);
  if (!model) return writers;
  const files = await loadModelFiles(model, workspace.artifacts);
  return writers.set(`${model.name}@${model.version}`, await languageModels.openVoice(files));
}

const promptFor = ({ chatTemplate }: VoiceModel, prompt: string): string | readonly number[] =>
  chatTemplate?.promptIds([{ role: "user", content: prompt }]) ?? prompt;
