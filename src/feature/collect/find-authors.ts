/** Authors by the names that a person typed. */

import type { Author, Warehouse } from "../../contracts/documents.ts";
import { UnknownAuthorError } from "../errors.ts";

/** The authors of these names, in order, each once. Reads only. @throws {UnknownAuthorError} for the first name that is not known */
export async function findAuthors(fullNames: readonly string[], warehouse: Warehouse): Promise<Author[]> {
  const authors = new Map<string, Author>();
  for (const fullName of fullNames) {
    const author = await warehouse.findAuthor(fullName);
    if (!author)
      throw new UnknownAuthorError(
        fullName,
        (await warehouse.listAuthors()).map((each) => each.fullName),
      );
    authors.set(author.id, author);
  }
  return [...authors.values()];
}
