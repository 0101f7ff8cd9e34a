import { describe, expect, it } from "vitest";
import { chatTemplate } from "./chat-template.ts";

describe("the chat template", () => {
  it("marks each turn and ends where the answer begins", () => {
    const messages = [
      { role: "system", content: "Be brief." },
      { role: "user", content: " Why? \n" },
      { role: "assistant", content: "Because." },
      { role: "user", content: "Really?" },
    ] as const;
    expect(chatTemplate.prompt(messages)).toBe(
      "Be brief.\n\n### Instruction:\nWhy?\n\n### Response:\nBecause.\n\n### Instruction:\nReally?\n\n### Response:\n",
    );
  });
});
