/** Raw documents without front matter and without what their sites repeat; the author's words stay as they are. */

import { CleanedDocument, RawDocument, rows, rowsOf, step } from "trilith";
import { openCleaner, PII_KINDS, sumCounts } from "trilith/feature";
import { z } from "zod";
import { createDocumentCounts } from "./document-counts.ts";

export const cleanDocuments = step({
  name: "clean_documents",
  input: z.object({
    documents: rowsOf(RawDocument),
    /** Personal data to mask: all that is known, or the kinds that are named; by default none. */
    mask_pii: z.union([z.boolean(), z.array(z.enum(PII_KINDS)).readonly()]).optional(),
  }),
  outputs: { cleaned_documents: rows(CleanedDocument) },
  async run({ documents, mask_pii = false }, { metadata }) {
    const maskedKinds = typeof mask_pii !== "boolean" ? mask_pii : mask_pii ? PII_KINDS : [];
    const cleaner = await openCleaner(() => documents, { maskedKinds });
    const clean = async function* (): AsyncGenerator<CleanedDocument> {
      const counts = createDocumentCounts();
      const languages: Record<string, number> = {};
      let [before, after] = [0, 0];
      for await (const raw of documents) {
        const document = cleaner.clean(raw);
        counts.add(document);
        languages[document.language ?? "unknown"] = (languages[document.language ?? "unknown"] ?? 0) + 1;
        before += raw.content.length;
        after += document.text.length;
        yield document;
      }
      const exact = cleaner.duplicates.values().filter(({ similarity }) => similarity === 1);
      metadata.log({
        ...counts.toJson(),
        characters_before: before,
        characters_after: after,
        duplicates: { exact: [...exact].length, all: cleaner.duplicates.size },
        languages,
        ...(maskedKinds.length > 0 && {
          masked: { ...sumCounts(cleaner.masked.values()), documents: Object.fromEntries(cleaner.masked) },
        }),
      });
    };
    return { cleaned_documents: clean() };
  },
});
