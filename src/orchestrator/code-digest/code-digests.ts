/** What a step's code is, for the cache and for whoever asks what changed in it. */

import type { StepDefinition } from "../step-definition.ts";

/** The digest of a step's code. */
export interface CodeDigest {
  /** `null` when the code cannot be told. */
  readonly digest: string | null;
  /** Why an output of it cannot be cached; `null` when it can. */
  readonly uncacheable: string | null;
  /**
   * What the digest was made of: a hash by module, whose path is relative to the project
   * (`steps/clean.ts`, `other-package/src/trim.ts`, `src/index.ts#trim` for the way through a door),
   * and by `package <name>@<version>`.
   */
  readonly parts: Readonly<Record<string, string>>;
}

/** Digests of steps' code. */
export interface CodeDigests {
  /** Costs a walk over the modules that are reached, once for each module that declares steps. */
  digestOf(step: Pick<StepDefinition, "name" | "modulePath" | "definedAtMs">): Promise<CodeDigest>;
}
