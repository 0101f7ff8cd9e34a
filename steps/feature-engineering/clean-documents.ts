/** Raw documents without front matter and without what their sites repeat; the author's words stay as they are. */

import { CleanedDocument, jsonl, RawDocument, step } from "trilith";
import { cleanDocument, findBoilerplate, markDuplicates, openLanguageDetector, withLanguage } from "trilith/feature";
import { z } from "zod";
import { documentCounts } from "./document-counts.ts";

export const cleanDocuments = step({
  name: "clean_documents",
  input: z.object({ documents: z.array(RawDocument).readonly() }),
  outputs: { cleaned_documents: jsonl(CleanedDocument) },
  async run({ documents }, { metadata }) {
    const [boilerplate, detect] = [findBoilerplate(documents), await openLanguageDetector()];
    const cleaned = documents.map((document) => withLanguage(cleanDocument(document, boilerplate), detect));
    const { documents: cleaned_documents, duplicates } = markDuplicates(cleaned, documents);
    const length = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0);
    metadata.log({
      ...documentCounts(cleaned_documents),
      characters_before: length(documents.map(({ content }) => content)),
      characters_after: length(cleaned_documents.map(({ text }) => text)),
      duplicates: { exact: duplicates.filter(({ similarity }) => similarity === 1).length, all: duplicates.length },
      languages: countBy(cleaned_documents.map(({ language }) => language ?? "unknown")),
    });
    return { cleaned_documents };
  },
});

const countBy = (values: readonly string[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(values, (value) => value)].map(([value, members]) => [value, members.length]));
