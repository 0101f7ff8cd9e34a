/**
 * What a syntax tree does, as text: no comments, no positions, no types, no spelling of literals,
 * and no options of `step()` that cannot change an output. Equal texts behave alike.
 */

import { isStepCall, withoutNeutralOptions } from "./neutral-options.ts";
import { isNode, type SyntaxNode } from "./syntax-node.ts";

/** Members that carry positions, types or modifiers that are gone at run time. */
const IGNORED_MEMBERS: ReadonlySet<string> = new Set([
  ...["start", "end", "range", "loc", "raw", "hashbang"],
  ...["typeAnnotation", "returnType", "typeParameters", "typeArguments", "superTypeArguments", "implements"],
  ...["accessibility", "readonly", "override", "definite", "declare", "abstract", "importKind", "exportKind"],
]);

/** Nodes that are gone at run time. */
const TYPE_NODES: ReadonlySet<string> = new Set([
  ...["TSInterfaceDeclaration", "TSTypeAliasDeclaration", "TSDeclareFunction", "TSIndexSignature"],
  ...["TSAbstractMethodDefinition", "TSAbstractPropertyDefinition", "TSAbstractAccessorProperty"],
  ...["TSNamespaceExportDeclaration", "TSEmptyBodyFunctionExpression"],
]);

/** Nodes that are their expression at run time. */
const WRAPPERS: ReadonlySet<string> = new Set([
  ...["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression", "TSTypeAssertion"],
  ...["TSInstantiationExpression", "ParenthesizedExpression"],
]);

/** The text of a module's statements. `stepNames` are the names that `step` has in it. */
export function syntaxText(body: readonly SyntaxNode[], stepNames: ReadonlySet<string>): string {
  const parts: string[] = [];
  const write = (value: unknown): void => {
    if (Array.isArray(value)) {
      parts.push("[");
      for (const item of value) if (!isGone(item)) write(item);
      parts.push("]");
    } else if (isNode(value)) writeNode(value);
    else if (typeof value === "bigint") parts.push(`${value}n,`);
    else if (typeof value === "object" && value !== null) write(Object.entries(value));
    else parts.push(JSON.stringify(value) ?? "undefined", ",");
  };
  const writeNode = (node: SyntaxNode): void => {
    if (isGone(node)) return void parts.push("null,");
    if (WRAPPERS.has(node.type)) return write(node["expression"]);
    parts.push("(", node.type);
    const neutral = isStepCall(node, stepNames);
    for (const [member, value] of Object.entries(node)) {
      if (IGNORED_MEMBERS.has(member) || member === "type" || isTypeOptional(node, member)) continue;
      if (member === "value" && node.type === "Literal" && typeof value === "object") continue; // regex: its members say it
      parts.push(" ", member, ":");
      write(neutral && member === "arguments" ? withoutNeutralOptions(value) : value);
    }
    parts.push(")");
  };
  write(body);
  return parts.join("");
}

/** Whether a node, statement or specifier leaves nothing behind when types are stripped. */
function isGone(value: unknown): boolean {
  if (!isNode(value)) return false;
  if (TYPE_NODES.has(value.type) || value["declare"] === true) return true;
  if (value["importKind"] === "type" || value["exportKind"] === "type") return true;
  if (value.type === "Identifier" && value["name"] === "this") return true; // a parameter that only has a type
  if (value.type === "ImportDeclaration") return isTypeOnlyImport(value);
  return value.type === "ExportNamedDeclaration" && isNode(value["declaration"]) && isGone(value["declaration"]);
}

/** `import { type A }`: nothing is imported, and nothing of the module is counted. */
function isTypeOnlyImport({ specifiers }: SyntaxNode): boolean {
  return Array.isArray(specifiers) && specifiers.length > 0 && specifiers.every(isGone);
}

/** `optional` is `?.` on a call or a member, and a type's `?` elsewhere. */
function isTypeOptional({ type }: SyntaxNode, member: string): boolean {
  return member === "optional" && type !== "CallExpression" && type !== "MemberExpression";
}
