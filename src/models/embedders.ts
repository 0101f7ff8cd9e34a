/** Latent semantic analysis as a port: fitted on the corpus, it needs nothing but this package. */

import type { Embedders } from "../contracts/models.ts";
import { countPieces } from "./embed/count-pieces.ts";
import { fitLsa, LSA_DIMENSIONS, openLsa } from "./lsa-embedder.ts";

/** The embedder that is fitted on the texts it will search. Its dimensions are 256; where the texts have fewer, the rest are zeros. */
export function lsaEmbedders(): Embedders {
  const limits = { maxInputTokens: 256, countTokens: countPieces };
  return {
    ...limits,
    fingerprint: `lsa-${LSA_DIMENSIONS}-2`,
    fitted: true,
    prepare: fitLsa,
    open: async (bytes) => openLsa(bytes, limits),
  };
}
