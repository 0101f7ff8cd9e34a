/** The latest version of every document by the authors. An author that is not known is an error, never a new one. */

import { RawDocument, rows, step } from "trilith";
import { findAuthors, NoDocumentsError } from "trilith/feature";
import { documentKey, touched } from "trilith/lineage";
import { z } from "zod";
import { createDocumentCounts } from "./document-counts.ts";

export const queryDataWarehouse = step({
  name: "query_data_warehouse",
  input: z.object({ author_full_names: z.array(z.string().trim().min(1)).min(1) }),
  outputs: { raw_documents: rows(RawDocument) },
  uses: ["warehouse"],
  async run({ author_full_names }, { workspace: { warehouse }, metadata }) {
    const authors = await findAuthors(author_full_names, warehouse);
    const read = async function* (): AsyncGenerator<RawDocument> {
      const [counts, keys] = [createDocumentCounts(), [] as string[]];
      for await (const document of warehouse.readDocuments({ authorIds: authors.map(({ id }) => id) })) {
        counts.add(document);
        keys.push(documentKey(document));
        yield document;
      }
      if (keys.length === 0) throw new NoDocumentsError(authors.map(({ fullName }) => fullName));
      metadata.log(counts.toJson());
      metadata.log(touched({ holds: { raw_documents: keys } }));
    };
    return { raw_documents: read() };
  },
});
