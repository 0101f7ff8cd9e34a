/** The latest version of every document by the authors. An author that is not known is an error, never a new one. */

import { jsonl, RawDocument, step } from "trilith";
import { findAuthors, NoDocumentsError } from "trilith/feature";
import { documentKey, touched } from "trilith/lineage";
import { z } from "zod";
import { documentCounts } from "./document-counts.ts";

export const queryDataWarehouse = step({
  name: "query_data_warehouse",
  input: z.object({ author_full_names: z.array(z.string().trim().min(1)).min(1) }),
  outputs: { raw_documents: jsonl(RawDocument) },
  uses: ["warehouse"],
  async run({ author_full_names }, { workspace: { warehouse }, metadata }) {
    const authors = await findAuthors(author_full_names, warehouse);
    const raw_documents = await warehouse.listDocuments({ authorIds: authors.map(({ id }) => id) });
    if (raw_documents.length === 0) throw new NoDocumentsError(authors.map(({ fullName }) => fullName));
    metadata.log(documentCounts(raw_documents));
    metadata.log(touched({ holds: { raw_documents: raw_documents.map(documentKey) } }));
    return { raw_documents };
  },
});
