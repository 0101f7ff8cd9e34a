/** What there is of the documents that are to be forgotten, and what was made of them, before anything is taken away. */

import type { ModelVersion } from "../../contracts/registry.ts";
import type { Workspace } from "../../contracts/workspace.ts";
import { findDatasets } from "../../lineage/index.ts";
import { UnknownNameError } from "../errors.ts";

/** What a person names: one of the two. */
export interface ForgetOptions {
  readonly author?: string;
  /** Ids, URLs or paths. */
  readonly document?: readonly string[];
}

export interface ForgetPlan {
  readonly authorIds: readonly string[];
  readonly documents: readonly { readonly id: string; readonly source: string; readonly title: string }[];
  /** Ids of artifacts that hold training data made of them. */
  readonly datasets: readonly string[];
  /** Models that were trained on them. */
  readonly models: readonly ModelVersion[];
}

/** @throws {UnknownNameError} for an author or a document that there is not */
export async function planForgetting(workspace: Workspace, options: ForgetOptions): Promise<ForgetPlan> {
  const authors = await findAuthors(workspace, options.author);
  const authorIds = authors.map(({ id }) => id);
  const documents = await findDocuments(workspace, authorIds, options.document);
  const ids = new Set(documents.map(({ id }) => id));
  const registry = await workspace.open("registry");
  const models = (await registry.list()).filter(({ lineage }) =>
    lineage.documents.some((key) => ids.has(key.replace(/@\d+$/, ""))),
  );
  return { authorIds, documents, datasets: await findDatasets(workspace.runs, ids), models };
}

async function findAuthors(workspace: Workspace, name: string | undefined) {
  if (name === undefined) return [];
  const warehouse = await workspace.open("warehouse");
  const author = await warehouse.findAuthor(name);
  if (author) return [author];
  const known = (await warehouse.listAuthors()).map(({ fullName }) => fullName);
  throw new UnknownNameError("author", name, known.length > 0 ? known : "There is nobody in this workspace.");
}

async function findDocuments(
  workspace: Workspace,
  authorIds: readonly string[],
  named: readonly string[] | undefined,
): Promise<ForgetPlan["documents"]> {
  const [warehouse, features] = [await workspace.open("warehouse"), await workspace.open("features")];
  const all = await warehouse.listDocuments(named === undefined ? { authorIds } : {});
  const stored = authorIds.length > 0 ? await features.history("cleaned_documents", { authorIds }) : [];
  const found = new Map([...stored.map(({ row }) => row), ...all].map((each) => [each.id, each]));
  if (named === undefined) return [...found.values()].map(({ id, source, title }) => ({ id, source, title }));
  return named.flatMap((name) => {
    const own = all.filter(({ id, source }) => id === name.replace(/@\d+$/, "") || source === name);
    if (own.length === 0) throw new UnknownNameError("document", name, nearestSources(name, all));
    return own.map(({ id, source, title }) => ({ id, source, title }));
  });
}

function nearestSources(name: string, documents: readonly { readonly source: string }[]): readonly string[] | string {
  const last = name.split("/").at(-1) ?? name;
  const like = documents.map(({ source }) => source).filter((source) => source.includes(last));
  return like.length > 0 ? like.slice(0, 5) : "Give its id, URL or path. Look it up with: trilith search";
}
