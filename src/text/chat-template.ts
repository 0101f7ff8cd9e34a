/**
 * How a conversation is written for a model that was trained here: one template, rendered by this object alone,
 * so that training and serving cannot differ. Plain text marks, because a base knows no special tokens for turns.
 *
 * @source the layout of https://github.com/tatsu-lab/stanford_alpaca (prompt without input), turns in sequence
 */

import type { ChatMessage } from "../contracts/models.ts";

const MARKS = { system: "", user: "### Instruction:\n", assistant: "### Response:\n" } as const;

/** The one template that models trained here know. */
export const chatTemplate = {
  /** The text before an answer: it ends where the answer's first character belongs. */
  prompt(messages: readonly ChatMessage[]): string {
    const turns = messages.map(({ role, content }) => `${MARKS[role]}${content.trim()}\n\n`);
    return `${turns.join("")}${MARKS.assistant}`;
  },
} as const;
