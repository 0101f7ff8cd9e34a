/** How an output becomes bytes and is read back. The bytes' hash is the artifact's identity. */

import { z } from "zod";
import type { ArtifactStore } from "../../contracts/artifacts.ts";
import { type ContentHash, hashJson } from "../../core/hash.ts";
import type { JsonValue } from "../../core/json.ts";

/** Turns one type of value into bytes and back. `load` must give what `save` was given. */
export interface Materializer<T> {
  readonly name: string;
  /** Changes with what the materializer accepts: part of the cache key. */
  readonly schemaId: string;
  /**
   * Checks the value and gives its bytes; large parts may go to `artifacts` on their own. The hashes of such parts stand
   * in the content as text (`sha256:…`): what is mentioned nowhere is swept.
   *
   * @param what  names the output in errors
   */
  save(value: T, artifacts: ArtifactStore, what: string): Promise<{ content: Uint8Array; preview: JsonValue }>;
  load(content: Uint8Array, artifacts: ArtifactStore): Promise<T>;
  /** The artifacts that `save` put aside, which must still be there when the content is used again. */
  parts(content: Uint8Array): readonly ContentHash[];
  /** A picture of the content, for values that are looked at. */
  view?(content: Uint8Array): { readonly mediaType: string; readonly text: string };
}

/** What a step declares for an output: a schema (stored as JSON) or a materializer. */
export type OutputSpec = z.ZodType | Materializer<unknown>;

/** The value of an output. */
export type ValueOf<O> = O extends Materializer<infer T> ? T : O extends z.ZodType ? z.output<O> : void;

/** Whether an output's declaration is a materializer and not a schema. */
export function isMaterializer(spec: OutputSpec): spec is Materializer<unknown> {
  return "save" in spec && "load" in spec;
}

/** Hash of a schema's JSON Schema; what JSON Schema cannot say does not count. */
export function schemaIdOf(schema: z.ZodType): string {
  return hashJson(z.toJSONSchema(schema, { unrepresentable: "any" }));
}
