/**
 * How conversations are written for a model: by the Jinja template that came with it, or for a base without one by that
 * of `text/`. A message's own text never becomes a special token, whatever marks it holds.
 */

import { Template } from "@huggingface/jinja";
import type { ChatMessage, ChatTemplate, Tokenizer } from "../contracts/models.ts";
import { messageOf } from "../core/errors.ts";
import { chatTemplate } from "../text/index.ts";
import { ChatTemplateError } from "./errors.ts";

/** The template of `text/`, for a base that has none: it knows no special tokens but bos. */
export function plainChatTemplate(tokenizer: Tokenizer): ChatTemplate {
  const begin = tokenizer.bosId === null ? [] : [tokenizer.bosId];
  return {
    prompt: chatTemplate.prompt,
    promptIds: (messages) => [...begin, ...tokenizer.encode(chatTemplate.prompt(messages))],
  };
}

/** What a template may name: special tokens as text. */
export interface TemplateTokens {
  readonly bos_token?: string;
  readonly eos_token?: string;
  readonly pad_token?: string;
  readonly unk_token?: string;
}

/** Put behind the first character of a mark in a message, so that it is none; in no text, as Unicode says of it. */
const BREAK = "\uFDD0";

/**
 * A model's own template.
 *
 * @param tokens  of `tokenizer_config.json`
 * @param marks  the texts of all special tokens
 * @throws {ChatTemplateError} (`chat-template-failed`) for one that cannot be read, and later for messages that it refuses
 */
export function jinjaChatTemplate(
  source: string,
  { tokenizer, tokens, marks }: { tokenizer: Tokenizer; tokens: TemplateTokens; marks: readonly string[] },
): ChatTemplate {
  const template = attempt(() => new Template(source));
  const render = (messages: readonly ChatMessage[]): string =>
    attempt(() =>
      template.render({ messages: messages.map((each) => ({ ...each })), add_generation_prompt: true, ...tokens }),
    );
  const [mark, begin] = [anyOf(marks), tokenizer.bosId];
  return {
    prompt: render,
    promptIds(messages) {
      const broken = messages.map(({ role, content }) => ({ role, content: content.replace(mark, breakMark) }));
      const ids = render(broken)
        .split(new RegExp(`(${mark.source})`, "u"))
        .flatMap((piece, i) => tokenizer.encode(piece.replaceAll(BREAK, ""), { specials: i % 2 === 1 }));
      return begin === null || ids[0] === begin ? ids : [begin, ...ids];
    },
  };
}

function breakMark(mark: string): string {
  const [first = ""] = mark;
  return first + BREAK + mark.slice(first.length);
}

function anyOf(marks: readonly string[]): RegExp {
  const longestFirst = marks.filter((mark) => mark !== "").toSorted((a, b) => b.length - a.length);
  return new RegExp(longestFirst.length > 0 ? longestFirst.map((mark) => RegExp.escape(mark)).join("|") : "(?!)", "gu");
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new ChatTemplateError(messageOf(error), { cause: error });
  }
}
