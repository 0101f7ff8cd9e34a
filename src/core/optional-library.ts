/** Libraries that only some installations need: imported on first use, with the command that installs a missing one. */

import { TrilithError } from "./errors.ts";

/** Thrown when a driver needs a library that is not installed. */
export class LibraryMissingError extends TrilithError {
  override readonly code = "library-missing";
  override readonly usage = true;

  constructor(library: string, purpose: string, cause: unknown) {
    super(
      `${purpose} needs the library ${library}, which is not installed; expected it beside Trilith. Run: npm install ${library}`,
      {
        cause,
      },
    );
  }
}

/**
 * What `load` imports.
 *
 * @throws {LibraryMissingError} when the library is not installed
 */
export async function importLibrary<T>(library: string, purpose: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND") {
      throw new LibraryMissingError(library, purpose, cause);
    }
    throw cause;
  }
}
