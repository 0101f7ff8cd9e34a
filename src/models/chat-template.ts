/** How a base's own way of writing conversations becomes text and tokens. */

import type { ChatTemplate, Tokenizer } from "../contracts/models.ts";
import { chatTemplate } from "../text/index.ts";

/** The template of `text/`, for a base that has none: it knows no special tokens but bos. */
export function plainChatTemplate(tokenizer: Tokenizer): ChatTemplate {
  const begin = tokenizer.bosId === null ? [] : [tokenizer.bosId];
  return {
    prompt: chatTemplate.prompt,
    promptIds: (messages) => [...begin, ...tokenizer.encode(chatTemplate.prompt(messages))],
  };
}
