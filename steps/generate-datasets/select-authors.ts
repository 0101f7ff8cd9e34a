/** The authors who have features: all of them, or those that are named. Names are compared without case. */

import { Author, step } from "trilith";
import { AuthorUnclearError } from "trilith/training";
import { z } from "zod";

export const selectAuthors = step({
  name: "select_authors",
  input: z.object({ author_full_names: z.array(z.string()).nullable() }),
  output: z.array(Author),
  uses: ["features"],
  async run({ author_full_names: names }, { workspace, metadata }) {
    const documents = await workspace.features.read("cleaned_documents");
    const byId = new Map(documents.map(({ authorId, authorFullName }) => [authorId, authorFullName]));
    const known = [...byId].map(([id, fullName]) => ({ id, fullName }));
    const keyOf = (name: string): string => name.trim().replace(/\s+/g, " ").toLowerCase();
    const authors = names?.map((name) => {
      const author = known.find(({ fullName }) => keyOf(fullName) === keyOf(name));
      if (author === undefined) throw new AuthorUnclearError(name, [...byId.values()]);
      return author;
    });
    if (known.length === 0) throw new AuthorUnclearError(undefined, []);
    const selected = authors ?? known.sort((a, b) => (a.fullName < b.fullName ? -1 : 1));
    metadata.log({ authors: selected.map(({ fullName }) => fullName) });
    return selected;
  },
});
