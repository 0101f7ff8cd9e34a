/** Placeholder while the rest grows. */
import type { CodeDigests } from "../engines/local/run-context.ts";
export function createCodeDigests(_options: { readonly cacheFile: string | null }): CodeDigests {
  return { digestOf: async () => ({ digest: null, uncacheable: null }) };
}
