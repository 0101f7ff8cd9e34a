import { beforeAll, describe, expect, it } from "vitest";
import type { CleanedDocument } from "../../contracts/features.ts";
import { type LanguageDetector, openLanguageDetector, withLanguage } from "./language.ts";

let detect: LanguageDetector;
beforeAll(async () => {
  detect = await openLanguageDetector();
});

const SENTENCES = {
  en: "The garden was quiet in the morning, and nobody had touched the letters on the table.",
  de: "Der Garten war am Morgen still, und niemand hatte die Briefe auf dem Tisch angerührt.",
  fr: "Le jardin était calme ce matin-là, et personne n’avait touché aux lettres posées sur la table.",
  es: "El jardín estaba tranquilo por la mañana y nadie había tocado las cartas de la mesa.",
  ru: "Утром в саду было тихо, и никто не трогал письма, лежавшие на столе.",
  ja: "朝の庭は静かで、机の上の手紙には誰も触れていなかったようです。それから雨が降り始め、みんな家に帰りました。",
  ar: "كانت الحديقة هادئة في الصباح ولم يلمس أحد الرسائل الموضوعة على الطاولة.",
};

describe("the language of a text", () => {
  it.each(Object.entries(SENTENCES))("knows %s from one sentence", (language, sentence) => {
    expect(detect(sentence)).toEqual({ language, confidence: 1 });
  });

  it("says nothing of short texts, of code, and of texts that are as much in one language as in another", () => {
    expect(detect("Merci, Ada.")).toBeNull();
    expect(detect("")).toBeNull();
    expect(
      detect("```js\nconst answer = await fetchTheAnswer(question, { signal });\n```\n\n`npm install trilith`"),
    ).toBeNull();
    expect(detect(`${SENTENCES.en.repeat(20)}\n\n${SENTENCES.de.repeat(20)}`)).toBeNull();
  });

  it("judges the prose around code, links and a quotation", () => {
    const code = "```py\nfor value in values:\n    print(value)\n```";
    const text = [
      SENTENCES.de.repeat(8),
      code,
      `[ein Brief](https://example.org/the/english/letter)`,
      SENTENCES.en,
      SENTENCES.de.repeat(6),
    ];
    const { language, confidence } = detect(text.join("\n\n")) ?? {};
    expect(language).toBe("de");
    expect(confidence).toBeGreaterThan(0.8);
  });

  it("leaves what the source says, and files of code", () => {
    const document = { text: SENTENCES.de, language: null, tags: [] } as unknown as CleanedDocument; // what is read of one
    expect(withLanguage(document, detect).language).toBe("de");
    expect(withLanguage({ ...document, language: "en" }, detect).language).toBe("en");
    expect(withLanguage({ ...document, text: `\`\`\`\n# ${SENTENCES.de}\n\`\`\`` }, detect).language).toBeNull();
  });
});
