/** What one module contributes to a code digest: the hash of what it does, and what it imports. */

import { z } from "zod";
import { hashBytes } from "../../core/hash.ts";
import { isStepCall, keyOf, neutralStatements, walkBehaviour } from "./neutral-options.ts";
import { isNode, type SyntaxNode, walk } from "./syntax-node.ts";
import { syntaxText } from "./syntax-text.ts";

const Import = z.object({
  specifier: z.string(),
  /** `null` for everything: a namespace, a dynamic import, an import for its effects. */
  names: z.array(z.string()).nullable(),
});

export const ModuleSummary = z.object({
  hash: z.string(),
  imports: z.array(Import),
  /** Names that it exports; those from another module say which and under what name (`null` for its namespace). */
  exports: z.array(
    z.object({
      name: z.string(),
      from: z.object({ specifier: z.string(), name: z.string().nullable() }).nullable(),
    }),
  ),
  /** `export * from`. */
  stars: z.array(z.string()),
  /** Whether it does nothing but re-export. */
  isDoor: z.boolean(),
  /** Files named by `new URL("…", import.meta.url)`. */
  urls: z.array(z.string()),
  /** Names of the steps that it declares as constants of the module. */
  steps: z.array(z.string()),
  /** Line of the first `import(…)` whose target cannot be read from the source. */
  unknownImportLine: z.number().nullable(),
});
export type ModuleSummary = z.infer<typeof ModuleSummary>;

/** The part of oxc-parser that is used. */
export type ParseModule = (file: string, text: string) => { readonly program: SyntaxNode; readonly failed: boolean };

/** Loads the parser; a caller that has every summary already never does. */
export async function loadParser(): Promise<ParseModule> {
  const { parseSync } = await import("oxc-parser");
  return (file, text) => {
    const { program, errors } = parseSync(file, text, { preserveParens: false });
    return { program: program as unknown as SyntaxNode, failed: errors.length > 0 }; // an ESTree node by any name
  };
}

/** Summarises a module. One that cannot be parsed counts by its bytes. */
export function summarizeModule(file: string, text: string, parse: ParseModule): ModuleSummary {
  const { program, failed } = parse(file, text);
  if (failed) return summarizeBytes(text);
  const found = { imports: [], exports: [], stars: [], urls: [], steps: [], unknownImportLine: null };
  const summary: ModuleSummary = { hash: "", isDoor: true, ...found };
  const whole = Array.isArray(program["body"]) ? program["body"].filter(isNode) : [];
  const stepNames = new Set(whole.flatMap(stepNamesOf));
  const neutral = neutralStatements(whole, stepNames);
  const body = whole.filter((statement) => !neutral.has(statement));
  for (const statement of body) {
    readStatement(statement, summary);
    summary.steps.push(...stepsDeclaredBy(statement, stepNames));
  }
  walkBehaviour(body, stepNames, (node) => readExpression(node, summary, text));
  return { ...summary, hash: hashBytes(syntaxText(body, stepNames)) };
}

/** The summary of a file that is no module: JSON, WebAssembly, text. */
export function summarizeBytes(bytes: Uint8Array | string): ModuleSummary {
  return {
    hash: hashBytes(bytes),
    imports: [],
    exports: [],
    stars: [],
    isDoor: false,
    urls: [],
    steps: [],
    unknownImportLine: null,
  };
}

function readStatement(statement: SyntaxNode, summary: ModuleSummary): void {
  const isType = statement["importKind"] === "type" || statement["exportKind"] === "type";
  if (isType || statement.type === "TSInterfaceDeclaration" || statement.type === "TSTypeAliasDeclaration") return;
  const specifier = textOf(statement["source"]);
  const specifiers = valueSpecifiers(statement);
  if (statement.type === "ExportAllDeclaration" && specifier !== undefined) {
    const name = nameOf(statement["exported"]);
    if (name === undefined) summary.stars.push(specifier);
    else summary.exports.push({ name, from: { specifier, name: null } });
  } else if (statement.type === "ExportNamedDeclaration" && specifier !== undefined) {
    for (const each of specifiers) {
      summary.exports.push({
        name: nameOf(each["exported"]) ?? "",
        from: { specifier, name: nameOf(each["local"]) ?? "" },
      });
    }
  } else {
    summary.isDoor = false;
    if (statement.type === "ImportDeclaration" && specifier !== undefined) readImport(statement, specifier, summary);
    for (const name of exportedNames(statement, specifiers)) summary.exports.push({ name, from: null });
  }
}

function readImport(statement: SyntaxNode, specifier: string, { imports }: ModuleSummary): void {
  const all = Array.isArray(statement["specifiers"]) ? statement["specifiers"] : [];
  const specifiers = valueSpecifiers(statement);
  if (all.length > 0 && specifiers.length === 0) return; // types only
  const names = specifiers.map((each) => {
    if (each.type === "ImportDefaultSpecifier") return "default";
    return each.type === "ImportSpecifier" ? (nameOf(each["imported"]) ?? null) : null;
  });
  const known = names.filter((name) => name !== null);
  imports.push({ specifier, names: names.length > 0 && known.length === names.length ? known : null });
}

function valueSpecifiers(statement: SyntaxNode): SyntaxNode[] {
  const all = Array.isArray(statement["specifiers"]) ? statement["specifiers"].filter(isNode) : [];
  return all.filter((each) => each["importKind"] !== "type" && each["exportKind"] !== "type");
}

function exportedNames(statement: SyntaxNode, specifiers: readonly SyntaxNode[]): string[] {
  if (statement.type === "ExportDefaultDeclaration") return ["default"];
  if (statement.type !== "ExportNamedDeclaration") return [];
  const { declaration } = statement;
  if (!isNode(declaration)) return specifiers.flatMap((each) => nameOf(each["exported"]) ?? []);
  if (declaration.type !== "VariableDeclaration") return [nameOf(declaration["id"]) ?? ""];
  const names: string[] = [];
  for (const declarator of declaratorsOf(declaration)) {
    walk(declarator["id"], (node) => {
      if (node.type === "Identifier") names.push(String(node["name"]));
    });
  }
  return names;
}

/** What declares a step. */
const DECLARING: ReadonlySet<string> = new Set(["step", "commandStep"]);

/** Names under which a statement imports `step` and its like. */
function stepNamesOf(statement: SyntaxNode): string[] {
  if (statement.type !== "ImportDeclaration") return [];
  const imported = valueSpecifiers(statement).filter((each) => DECLARING.has(nameOf(each["imported"]) ?? ""));
  return imported.flatMap((each) => nameOf(each["local"]) ?? []);
}

function stepsDeclaredBy(statement: SyntaxNode, stepNames: ReadonlySet<string>): string[] {
  const { declaration } = statement;
  if (isNode(declaration) && isStepCall(declaration, stepNames)) return stepName(declaration);
  const variables = isNode(declaration) ? declaration : statement;
  return declaratorsOf(variables).flatMap(({ init }) =>
    isNode(init) && isStepCall(init, stepNames) ? stepName(init) : [],
  );
}

function stepName({ arguments: args }: SyntaxNode): string[] {
  const [options] = Array.isArray(args) ? args : [];
  const properties =
    isNode(options) && Array.isArray(options["properties"]) ? options["properties"].filter(isNode) : [];
  const name = properties.find((property) => keyOf(property) === "name");
  return textOf(name?.["value"]) === undefined ? [] : [textOf(name?.["value"]) ?? ""];
}

function readExpression(node: SyntaxNode, summary: ModuleSummary, text: string): void {
  if (node.type === "ImportExpression") {
    const specifier = textOf(node["source"]);
    if (specifier !== undefined) summary.imports.push({ specifier, names: null });
    else summary.unknownImportLine ??= lineOf(node, text);
  }
  if (node.type === "CallExpression" && nameOf(node["callee"]) === "require" && Array.isArray(node["arguments"])) {
    const specifier = textOf(node["arguments"][0]);
    if (specifier !== undefined) summary.imports.push({ specifier, names: null });
    else summary.unknownImportLine ??= lineOf(node, text);
  }
  if (node.type !== "NewExpression" || nameOf(node["callee"]) !== "URL" || !Array.isArray(node["arguments"])) return;
  const [path, base] = node["arguments"];
  const url = textOf(path);
  const isHere = isNode(base) && isNode(base["object"]) && base["object"].type === "MetaProperty";
  if (url?.startsWith(".") && isHere) summary.urls.push(url);
}

function lineOf(node: SyntaxNode, text: string): number {
  return text.slice(0, Number(node["start"])).split("\n").length;
}

function declaratorsOf({ declarations }: SyntaxNode): SyntaxNode[] {
  return Array.isArray(declarations) ? declarations.filter(isNode) : [];
}

/** An identifier's name, or what a string in its place says. */
function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  return typeof node["name"] === "string" ? node["name"] : textOf(node);
}

/** The text of a string literal or of a template without holes. */
function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "Literal") return typeof node["value"] === "string" ? node["value"] : undefined;
  const { quasis } = node;
  if (node.type !== "TemplateLiteral" || !Array.isArray(quasis) || quasis.length !== 1) return undefined;
  const [{ value }] = quasis as [{ value: { cooked?: string | null } }]; // a template's only quasi
  return value.cooked ?? undefined;
}
