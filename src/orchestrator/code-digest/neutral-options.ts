/**
 * What of a module decides only how its steps are run: options of `step()` such as `retry` or `onFailure`,
 * and the imports, functions and constants that nothing else mentions. None of it can change an output.
 */

import { isNode, type SyntaxNode, walk } from "./syntax-node.ts";

/** Options of `step()` that decide how it is run and kept, never what it makes. */
const NEUTRAL_OPTIONS: ReadonlySet<string> = new Set([
  ...["retry", "timeoutMs", "stopGraceMs", "heartbeat", "executor", "resources"],
  ...["cache", "cacheTtlMs", "cacheKey"],
  ...["tags", "description", "onStart", "onSuccess", "onFailure"],
]);

/** Whether a node calls `step()` or its like. */
export function isStepCall({ type, callee }: SyntaxNode, stepNames: ReadonlySet<string>): boolean {
  return type === "CallExpression" && isNode(callee) && stepNames.has(String(callee["name"]));
}

/** The arguments of a call of `step()`, without options that are neutral. */
export function withoutNeutralOptions(args: unknown): unknown {
  if (!Array.isArray(args)) return args;
  return args.map((argument: unknown) => {
    if (!isNode(argument) || !Array.isArray(argument["properties"])) return argument;
    return { ...argument, properties: argument["properties"].filter((each) => !isNeutral(each)) };
  });
}

/** The name of a property that is written without brackets. */
export function keyOf(property: unknown): string | undefined {
  if (!isNode(property) || property["computed"] === true || !isNode(property["key"])) return undefined;
  const { name, value } = property["key"];
  return typeof name === "string" ? name : typeof value === "string" ? value : undefined;
}

/** Visits the nodes in `value`, but for neutral options. */
export function walkBehaviour(value: unknown, stepNames: ReadonlySet<string>, visit: (node: SyntaxNode) => void): void {
  walk(value, (node) => {
    visit(node);
    if (!isStepCall(node, stepNames)) return true;
    walkBehaviour([node["callee"], withoutNeutralOptions(node["arguments"])], stepNames, visit);
    return false;
  });
}

/** Statements of a module that only its neutral options need, directly or through one another. */
export function neutralStatements(
  body: readonly SyntaxNode[],
  stepNames: ReadonlySet<string>,
): ReadonlySet<SyntaxNode> {
  const neutral = new Set<SyntaxNode>();
  const wanted = namesInOptions(body, stepNames);
  for (let before = -1; wanted.size > 0 && neutral.size > before; ) {
    before = neutral.size;
    const used = new Set(body.filter((each) => !neutral.has(each)).flatMap((each) => namesUsed(each, stepNames)));
    for (const statement of body) {
      const names = namesDeclared(statement);
      if (neutral.has(statement) || names.some((name) => used.has(name))) continue;
      if (!names.some((name) => wanted.has(name))) continue;
      neutral.add(statement);
      for (const name of namesUsed(statement, stepNames)) wanted.add(name);
    }
  }
  return neutral;
}

function isNeutral(property: unknown): boolean {
  return NEUTRAL_OPTIONS.has(keyOf(property) ?? "");
}

function namesInOptions(body: readonly SyntaxNode[], stepNames: ReadonlySet<string>): Set<string> {
  const names = new Set<string>();
  walk(body, (node) => {
    if (!isStepCall(node, stepNames) || !Array.isArray(node["arguments"])) return;
    const [options] = node["arguments"].filter(isNode);
    const properties = Array.isArray(options?.["properties"]) ? options["properties"] : [];
    for (const each of properties) if (isNeutral(each)) addIdentifiers(each, names);
  });
  return names;
}

/** What a statement may declare without doing anything else; nothing for any other statement. */
function namesDeclared(statement: SyntaxNode): string[] {
  const { type, specifiers, declarations, id } = statement;
  if (type === "ImportDeclaration" && Array.isArray(specifiers)) return specifiers.map((each) => nameOf(each["local"]));
  if (type === "FunctionDeclaration") return [nameOf(id)];
  if (type !== "VariableDeclaration" || !Array.isArray(declarations)) return [];
  const names = declarations.map((each) => nameOf(each["id"]));
  return names.includes("") ? [] : names;
}

/** Every name that a statement mentions, but for those that it declares and those in neutral options. */
function namesUsed(statement: SyntaxNode, stepNames: ReadonlySet<string>): string[] {
  const names = new Set<string>();
  const { type, declarations } = statement;
  if (type === "ImportDeclaration") return [];
  const parts =
    type === "FunctionDeclaration"
      ? [statement["params"], statement["body"]]
      : type === "VariableDeclaration" && Array.isArray(declarations)
        ? declarations.flatMap((each) =>
            each["id"]?.type === "Identifier" ? each["init"] : [each["id"], each["init"]],
          )
        : [statement];
  addIdentifiers(parts, names, stepNames);
  return [...names];
}

function addIdentifiers(value: unknown, names: Set<string>, stepNames: ReadonlySet<string> = new Set()): void {
  walkBehaviour(value, stepNames, (node) => {
    if (node.type === "Identifier" || node.type === "JSXIdentifier") names.add(String(node["name"]));
  });
}

function nameOf(node: unknown): string {
  return isNode(node) && typeof node["name"] === "string" ? node["name"] : "";
}
