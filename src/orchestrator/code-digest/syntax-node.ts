/** Nodes of a syntax tree, and the way through them. */

/** A node of an ESTree, with whatever members its type has. */
export interface SyntaxNode {
  readonly type: string;
  readonly [member: string]: unknown;
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** Visits the nodes in `value`, outer ones first; not what is in one for which `visit` returns `false`. */
export function walk(value: unknown, visit: (node: SyntaxNode) => unknown): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  if (!isNode(value) || visit(value) === false) return;
  for (const member of Object.values(value)) if (typeof member === "object") walk(member, visit);
}
