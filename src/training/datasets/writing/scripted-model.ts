/**
 * A model that costs nothing and knows nothing, for trying a configuration: it answers every question about a passage
 * from the passage's own words, in the shape that was asked for. What it writes is no language.
 */

import type { StructuredModel } from "../../../contracts/models.ts";
import { splitWords } from "../../../text/index.ts";
import { extractFacts } from "../facts.ts";
import { estimateTokens } from "./budget.ts";
import { PASSAGE_MARK } from "./written-forms.ts";

/** The scripted model; equal questions get equal answers. */
export function scriptedModel(): StructuredModel {
  return {
    id: "mock",
    async answer({ messages, schema, name }) {
      const question = messages.at(-1)?.content ?? "";
      const text = answerTo(name, question.slice(question.indexOf(PASSAGE_MARK) + PASSAGE_MARK.length));
      const inputTokens = estimateTokens(messages.map(({ content }) => content).join("\n"));
      return { value: schema.parse({ [name]: text }), usage: { inputTokens, outputTokens: estimateTokens(text) } };
    },
  };
}

function answerTo(field: string, passage: string): string {
  if (field === "paraphrase") return reorder(passage);
  const words = [...new Set(splitWords(passage).filter((word) => word.length > 6))].slice(0, 4);
  const subject = words.join(", ").toLowerCase();
  return field === "question" ? `What is there to say about ${subject}?` : `Explain ${subject}.`;
}

/** Threes of words from the last to the first: the facts stay, and nothing of the wording does. */
function reorder(passage: string): string {
  const facts = extractFacts(passage);
  const plain = facts.reduce((text, fact) => text.replaceAll(fact, " "), passage);
  const words = splitWords(plain.toLowerCase()).filter((word) => !/^(i|me|my|we|us|our|you|your)$|['’]/u.test(word));
  const threes = Array.from({ length: Math.ceil(words.length / 3) }, (_, i) => words.slice(3 * i, 3 * i + 3).join(" "));
  return `${threes.reverse().join(", ")}: ${facts.join("; ")}.`;
}
