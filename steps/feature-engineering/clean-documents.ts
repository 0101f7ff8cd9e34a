/** Raw documents without front matter and without what their sites repeat; the author's words stay as they are. */

import { CleanedDocument, jsonl, RawDocument, step } from "trilith";
import { cleanDocument, findBoilerplate } from "trilith/feature";
import { z } from "zod";
import { documentCounts } from "./document-counts.ts";

export const cleanDocuments = step({
  name: "clean_documents",
  input: z.object({ documents: z.array(RawDocument).readonly() }),
  outputs: { cleaned_documents: jsonl(CleanedDocument) },
  run({ documents }, { metadata }) {
    const boilerplate = findBoilerplate(documents);
    const cleaned_documents = documents.map((document) => cleanDocument(document, boilerplate));
    const length = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0);
    metadata.log({
      ...documentCounts(cleaned_documents),
      characters_before: length(documents.map(({ content }) => content)),
      characters_after: length(cleaned_documents.map(({ text }) => text)),
    });
    return { cleaned_documents };
  },
});
