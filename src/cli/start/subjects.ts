/** Whose writing the main job is about: the two sample authors, and before them the user's own when it is named. */

import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { Rights } from "../../contracts/registry.ts";
import { OptionValueError } from "../errors.ts";
import type { Subject } from "./session.ts";

const EXAMPLES = join(import.meta.dirname, "../../../examples");
const SAMPLES = [
  { name: "The Warm Essayist", folder: "warm-essayist" },
  { name: "The Terse Engineer", folder: "terse-engineer" },
];

export interface SubjectOptions {
  readonly author?: string;
  readonly rights?: string;
  readonly links?: readonly string[];
}

/**
 * The subjects, the user's own first.
 *
 * @throws {OptionValueError} when only some of --author, --rights and --links are given, or a path does not exist
 */
export function chooseSubjects({ author, rights, links }: SubjectOptions): Subject[] {
  const samples = SAMPLES.map(({ name, folder }): Subject => {
    const path = join(EXAMPLES, "authors", folder);
    const fromHere = relative(process.cwd(), path);
    return { name, links: [fromHere.startsWith("..") ? path : fromHere], rights: "public-domain" };
  });
  if (author === undefined && links === undefined) return samples;
  if (author === undefined) throw new OptionValueError("--author", "", 'a full name, as in --author "Jane Doe"');
  if (links === undefined)
    throw new OptionValueError("--links", "", "at least one URL, file or folder of the author's writing");
  const ground = Rights.safeParse(rights);
  if (!ground.success) {
    throw new OptionValueError(
      "--rights",
      rights ?? "",
      `one of ${Rights.options.join(", ")}: on which ground this writing is used`,
    );
  }
  for (const link of links) {
    if (!/^https?:\/\//.test(link) && !existsSync(link))
      throw new OptionValueError("--links", link, "a URL, or a path that exists");
  }
  return [{ name: author, links, rights: ground.data }, ...samples];
}

/** The question sets that come with the sample authors. */
export function questionFiles(): string[] {
  return SAMPLES.map(({ folder }) => join(EXAMPLES, "questions", `${folder}.json`));
}
