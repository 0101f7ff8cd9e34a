/**
 * Voices, opened on first use and kept until another version is meant. One speaks at a time: two at once would take
 * as long in all, and memory twice.
 */

import type { Author } from "../contracts/documents.ts";
import type { ChatMessage, GenerateOptions, VoiceModel } from "../contracts/models.ts";
import type { VoiceSource } from "./ports.ts";

export interface VoiceTurns {
  /**
   * What follows in pieces: the reply to the conversation, or the continuation of its last message where the voice has
   * not learnt to reply. Waits until the voices before it have ended.
   */
  speak(author: Author, messages: readonly ChatMessage[], options: GenerateOptions): AsyncIterable<string>;
  close(): Promise<void>;
}

/** Turns over the source. */
export function createVoiceTurns(source: VoiceSource): VoiceTurns {
  const opened = new Map<string, { readonly version: string; readonly model: VoiceModel }>();
  let tail: Promise<void> = Promise.resolve();
  const voiceOf = async (author: Author): Promise<VoiceModel> => {
    const version = (await source.list()).find((voice) => voice.author.id === author.id)?.version ?? "";
    const kept = opened.get(author.id);
    if (kept?.version === version) return kept.model;
    opened.delete(author.id);
    await kept?.model.close();
    const model = await source.open(author);
    opened.set(author.id, { version, model });
    return model;
  };
  const takeTurn = async (): Promise<() => void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = tail;
    tail = promise;
    await before;
    return resolve;
  };
  return {
    async *speak(author, messages, options) {
      const endTurn = await takeTurn();
      try {
        options.signal?.throwIfAborted();
        const voice = await voiceOf(author);
        const prompt = voice.chatTemplate?.promptIds(messages) ?? messages.at(-1)?.content ?? "";
        yield* voice.continue(prompt, options);
      } finally {
        endTurn();
      }
    },
    async close() {
      const endTurn = await takeTurn();
      for (const { model } of opened.values()) await model.close();
      opened.clear();
      endTurn();
    },
  };
}
