/** The models that a client can name: `twin`, one twin an author, and one voice an author who has a trained one. */

import type { Author } from "../contracts/documents.ts";
import { nearest } from "../core/nearest.ts";
import { RequestError } from "./errors.ts";
import type { ServerPorts } from "./ports.ts";

/** What a model's name means. */
export type ServedModel =
  | { readonly id: string; readonly kind: "twin"; readonly author: Author | null }
  | { readonly id: string; readonly kind: "voice"; readonly author: Author };

/** All of them, `twin` first. */
export async function listModels({ listAuthors, voices }: ServerPorts): Promise<ServedModel[]> {
  const [authors, trained] = await Promise.all([listAuthors(), voices.list()]);
  return [
    { id: "twin", kind: "twin", author: null },
    ...authors.map((author) => ({ id: `twin-${slugOf(author)}`, kind: "twin" as const, author })),
    ...trained.map(({ author }) => ({ id: `voice-${slugOf(author)}`, kind: "voice" as const, author })),
  ];
}

/** @throws {RequestError} with the nearest name when no model has this one */
export async function findModel(id: string, ports: ServerPorts): Promise<ServedModel> {
  const models = await listModels(ports);
  const found = models.find((model) => model.id === id);
  if (found) return found;
  const known = models.map((model) => model.id);
  throw new RequestError(404, `The model ${JSON.stringify(id)} does not exist. ${suggestion(id, known)}`, {
    param: "model",
    replyCode: "model_not_found",
  });
}

/**
 * An author by full name or slug. Reads only: a name that is not known is an error, never a new author.
 *
 * @throws {RequestError} with the nearest name
 */
export async function findAuthor(name: string, ports: ServerPorts): Promise<Author> {
  const authors = await ports.listAuthors();
  const wanted = slug(name);
  const found = authors.find((author) => slugOf(author) === wanted);
  if (found) return found;
  const known = authors.map(({ fullName }) => fullName);
  throw new RequestError(404, `The author ${JSON.stringify(name)} is not known. ${suggestion(name, known)}`, {
    param: "author",
    replyCode: "author_not_found",
  });
}

/** `Maxime Labonne` is `maxime-labonne`. */
export const slugOf = ({ fullName }: Author): string => slug(fullName);

function slug(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");
}

function suggestion(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near ? `Did you mean ${near}?` : `Known are: ${known.join(", ") || "none"}.`;
}
