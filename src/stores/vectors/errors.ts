/** What can be wrong with the vector index. */

import { messageOf, TrilithError } from "../../core/errors.ts";

/** Thrown when a search comes before the first build. */
export class IndexMissingError extends TrilithError {
  override readonly code = "index-missing";
  override readonly usage = true;

  constructor(driver: string) {
    super(
      `The ${driver} vector index has never been built; expected a built index to search. ` +
        "Run the feature pipeline first: trilith run feature_engineering --set 'author_full_names=[<name>]'.",
    );
  }
}

/** Thrown when a query cannot be answered by the index as it is. */
export class SearchQueryError extends TrilithError {
  override readonly code = "search-query";
  override readonly usage = true;

  constructor(what: string, expected: string) {
    super(`The search cannot run: ${what}; expected ${expected}. Correct the query.`);
  }
}

/** Thrown when the points given to a build do not belong together. */
export class IndexPointsError extends TrilithError {
  override readonly code = "index-points";

  constructor(chunkId: string, dimensions: number, expected: number) {
    super(
      `The point of chunk ${chunkId} has ${dimensions} dimensions; expected ${expected}, as the first point has. ` +
        "Embed all chunks with one embedder.",
    );
  }
}

/** Thrown when an index cannot catch up, because its vectors are not of the embedder that is given. */
export class IndexEmbedderError extends TrilithError {
  override readonly code = "index-embedder";
  override readonly retryable = true;

  constructor(embedder: string, given: string) {
    super(
      `The vector index is ${embedder}, and points of the embedder ${given} are to be added; ` +
        "expected points of one embedder. Build the index for the new one.",
    );
  }
}

/** Thrown when the pointer to the current generation cannot be read as one. */
export class IndexPointerError extends TrilithError {
  override readonly code = "index-pointer";
  override readonly usage = true;

  constructor(driver: string, cause: unknown) {
    super(
      `The pointer of the ${driver} vector index is damaged (${messageOf(cause)}); expected the description of a built index. ` +
        "Delete it and run the feature pipeline: the index is derived and will be built again.",
      { cause },
    );
  }
}

/** Thrown when the engine under a driver fails; the engine's error is the cause. */
export class VectorEngineError extends TrilithError {
  override readonly code = "vector-engine";

  constructor(driver: string, action: string, cause: unknown) {
    super(
      `The ${driver} engine failed to ${action} (${messageOf(cause)}); expected it to succeed on an index that is whole. ` +
        "If its files were changed or removed, run the feature pipeline to build the index again.",
      { cause },
    );
  }
}

/** Thrown when an optional client library is not installed. */
export class VectorLibraryError extends TrilithError {
  override readonly code = "vector-library-missing";
  override readonly usage = true;

  constructor(library: string, cause: unknown) {
    super(
      `The library ${library} could not be loaded (${messageOf(cause)}); expected it beside Trilith. Run: npm install ${library}`,
      { cause },
    );
  }
}
