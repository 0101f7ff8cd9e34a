/** The repository's sources as the gates read them: paths, texts, syntax trees, imports. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseSync } from "oxc-parser";

export const ROOT = join(import.meta.dirname, "..");

/** Paths of TypeScript files under a folder of the repository, with `/`, tests and laws included. */
export function filesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => join(folder, path).replaceAll("\\", "/"))
    .sort();
}

export const isTest = (path: string): boolean => /\.(test|contract)\.ts$|-fixture\.ts$/.test(path);

export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

type Parsed = ReturnType<typeof parseSync>;
const parsed = new Map<string, Parsed>();

export function parse(path: string): Parsed {
  const known = parsed.get(path);
  if (known) return known;
  const result = parseSync(path, textOf(path));
  parsed.set(path, result);
  return result;
}

/** Every module a file imports, by value, by type, by re-export or dynamically. */
export function importsOf(path: string): string[] {
  const { module } = parse(path);
  const dynamic = module.dynamicImports.map(({ moduleRequest }) =>
    textOf(path).slice(moduleRequest.start + 1, moduleRequest.end - 1),
  );
  const exported = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest }) => (moduleRequest ? [moduleRequest.value] : [])),
  );
  return [...module.staticImports.map(({ moduleRequest }) => moduleRequest.value), ...exported, ...dynamic];
}

/** The relative imports, as paths from the root. */
export function localImportsOf(path: string): string[] {
  return importsOf(path)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => relative(ROOT, join(ROOT, dirname(path), specifier)).replaceAll("\\", "/"));
}

/** A node of the syntax tree, as far as the gates look. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Calls `visit` on every node below `node`, itself included. */
export function walk(node: unknown, visit: (node: SyntaxNode) => void): void {
  if (Array.isArray(node)) {
    for (const child of node) walk(child, visit);
  } else if (isNode(node)) {
    visit(node);
    for (const child of Object.values(node)) walk(child, visit);
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

export function lineOf(path: string, offset: number): number {
  return textOf(path).slice(0, offset).split("\n").length;
}
