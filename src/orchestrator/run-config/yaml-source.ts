/** A YAML text whose values remember where they stand, with environment variables and overrides put in. */

import type { Document, ParsedNode, Scalar } from "yaml";
import type { ConfigPath } from "./config-schema.ts";
import type { ConfigIssue } from "./run-config-error.ts";

export interface YamlInput {
  readonly text: string;
  /** As it is shown in messages. */
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `a.b=c`, in order. */
  readonly overrides: readonly string[];
  /** The path of an override's left side. */
  toPath(key: string): ConfigPath;
}

export interface YamlSource {
  readonly value: unknown;
  /** What is wrong with the text itself. */
  readonly issues: readonly ConfigIssue[];
  /** Where a path is written; the nearest enclosing place for what is absent. */
  placeOf(path: ConfigPath): Omit<ConfigIssue, "message">;
}

/** Parses the text. The parser is loaded on first use. */
export async function parseYamlSource(input: YamlInput): Promise<YamlSource> {
  const yaml = await import("yaml");
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(input.text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): Omit<ConfigIssue, "message"> => {
    const { line, col } = lines.linePos(offset);
    return { file: input.file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const issues: ConfigIssue[] = document.errors.map(({ message, pos }) => ({ ...place(pos[0]), message }));
  yaml.visit(document, {
    Scalar(_key, scalar) {
      const missing = substitute(scalar, input.env, yaml.parse);
      if (missing) {
        const message = `the environment variable ${missing} is not set. Set it, or write the value out.`;
        issues.push({ ...place(scalar.range?.[0] ?? 0), message });
      }
    },
  });
  const overridden = input.overrides.map((override) =>
    applyOverride(document, override, { ...input, parse: yaml.parse }),
  );
  for (const { issue } of overridden) if (issue) issues.push(issue);
  return {
    value: document.toJS() ?? {},
    issues,
    placeOf: (path) => findPlace(document, path, { overridden, place }),
  };
}

/** Puts environment variables in; gives the name of one that is missing. Unquoted text is read as YAML again. */
function substitute(scalar: Scalar, env: YamlInput["env"], parse: (text: string) => unknown): string | undefined {
  if (typeof scalar.value !== "string" || !scalar.value.includes("${")) return undefined;
  let missing: string | undefined;
  const text = scalar.value.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => {
    const value = env[name];
    if (value === undefined) missing ??= name;
    return value ?? whole;
  });
  scalar.value = scalar.type === "PLAIN" ? toScalar(text, parse) : text;
  return missing;
}

/** A number, boolean or null where the text is one, else the text. */
function toScalar(text: string, parse: (text: string) => unknown): unknown {
  const value = /[:#\n&*!|>'"%@`{}[\],]/.test(text) ? text : parse(text);
  return typeof value === "object" && value !== null ? text : value;
}

interface Overridden {
  readonly path: ConfigPath;
  readonly shown: string;
  readonly issue: ConfigIssue | undefined;
}

function applyOverride(
  document: Document<ParsedNode>,
  override: string,
  { toPath, parse }: Pick<YamlInput, "toPath"> & { parse(text: string): unknown },
): Overridden {
  const shown = `--set ${override}`;
  const refuse = (message: string, path: ConfigPath = []): Overridden => {
    return { path, shown, issue: { file: shown, line: 1, column: 1, message } };
  };
  const split = override.indexOf("=");
  if (split <= 0) return refuse("expected a key, =, and a value, as in --set parameters.limit=3.");
  const path = toPath(override.slice(0, split));
  try {
    const value = parse(override.slice(split + 1));
    for (let depth = 1; depth < path.length; depth++) {
      const existing: unknown = document.getIn(path.slice(0, depth));
      if (existing === undefined || existing === null) document.setIn(path.slice(0, depth), document.createNode({}));
    }
    document.setIn(path, document.createNode(value));
    return { path, shown, issue: undefined };
  } catch (error) {
    return refuse(
      `it cannot be set (${error instanceof Error ? error.message : String(error)}). Check the key and the value.`,
      path,
    );
  }
}

function findPlace(
  document: Document<ParsedNode>,
  path: ConfigPath,
  { overridden, place }: { overridden: readonly Overridden[]; place(offset: number): Omit<ConfigIssue, "message"> },
): Omit<ConfigIssue, "message"> {
  const override = overridden.findLast((each) => each.path.every((key, i) => key === path[i]) && each.path.length > 0);
  if (override) return { file: override.shown, line: 1, column: 1 };
  for (let depth = path.length; depth > 0; depth--) {
    const offset = keyOffset(document.getIn(path.slice(0, depth - 1), true), path[depth - 1]);
    if (offset !== undefined) return place(offset);
  }
  return place(0);
}

/** Where the key stands in its map, or the item in its list. */
function keyOffset(parent: unknown, key: string | number | undefined): number | undefined {
  if (!hasItems(parent)) return undefined;
  const pair = parent.items.find((item) => item.key?.value === key && key !== undefined);
  if (pair) return pair.key?.range?.[0];
  return typeof key === "number" ? parent.items[key]?.range?.[0] : undefined;
}

interface Placed {
  readonly value?: unknown;
  readonly range?: readonly number[] | null;
}

/** Whether a node is a map (of pairs) or a list. */
function hasItems(node: unknown): node is { items: (Placed & { readonly key?: Placed })[] } {
  return typeof node === "object" && node !== null && "items" in node && Array.isArray(node.items);
}
