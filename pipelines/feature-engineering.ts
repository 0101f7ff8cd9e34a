/** From raw documents to features and the index that answers are searched in. */

import { pipeline } from "trilith";
import { z } from "zod";
import { chunkAndEmbed } from "../steps/feature-engineering/chunk-and-embed.ts";
import { cleanDocuments } from "../steps/feature-engineering/clean-documents.ts";
import { loadToVectorDb } from "../steps/feature-engineering/load-to-vector-db.ts";
import { queryDataWarehouse } from "../steps/feature-engineering/query-data-warehouse.ts";

export const featureEngineering = pipeline({
  name: "feature_engineering",
  parameters: z.object({ author_full_names: z.array(z.string().trim().min(1)).min(1) }),
  run({ author_full_names }) {
    const { raw_documents } = queryDataWarehouse({ author_full_names });
    const { cleaned_documents } = cleanDocuments({ documents: raw_documents });
    const documents = loadToVectorDb({ documents: cleaned_documents });
    const { embedded_documents } = chunkAndEmbed({ documents: cleaned_documents });
    const chunks = loadToVectorDb({ documents: embedded_documents }, { after: [documents] });
    return { documents, chunks };
  },
});
