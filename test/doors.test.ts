import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesUnder, parse, ROOT, type SyntaxNode, textOf, walk } from "./source-tree.ts";

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { exports: Record<string, string> };
const doors = filesUnder("src").filter((path) => path.endsWith("/index.ts"));
const MAX_FRONT_DOOR_VALUES = 40;

/** Names that a door exports by value or type, each with the file that declares it. */
function exportsOf(door: string): { name: string; file: string; isType: boolean }[] {
  return parse(door).module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ exportName, importName, moduleRequest, isType }) => {
      if (moduleRequest === null || exportName.name === null) return [];
      const file = join(door, "..", moduleRequest.value).replaceAll("\\", "/");
      return [{ name: importName.name ?? exportName.name, file, isType }];
    }),
  );
}

/** Whether the declaration of `name` in `file` follows a JSDoc block; re-exports are followed. */
function isDocumented(name: string, file: string): boolean {
  const text = textOf(file);
  let documented = false;
  walk(parse(file).program, (node) => {
    if (node.type !== "ExportNamedDeclaration") return;
    const declared = declaredNames(node["declaration"]);
    const before = text.slice(0, node.start).trimEnd();
    if (declared.includes(name))
      documented ||= before.endsWith("*/") && before.lastIndexOf("/**") > before.lastIndexOf("*/", before.length - 3);
  });
  if (documented) return true;
  const onward = exportsOf(file).find((each) => each.name === name);
  return onward !== undefined && isDocumented(onward.name, onward.file);
}

function declaredNames(declaration: unknown): string[] {
  if (typeof declaration !== "object" || declaration === null) return [];
  const node = declaration as SyntaxNode; // a child of a syntax node is one
  const declarators = Array.isArray(node["declarations"]) ? node["declarations"] : [node];
  return declarators.flatMap((each: SyntaxNode) => {
    const id = each["id"] as { name?: string } | undefined; // an Identifier, or a pattern without a name
    return id?.name === undefined ? [] : [id.name];
  });
}

describe("the doors", () => {
  it("exports every subpath of the package from a file that exists", () => {
    const missing = Object.entries(manifest.exports).filter(([, file]) => !existsSync(join(ROOT, file)));
    expect(missing).toEqual([]);
  });

  it("documents every name that a door exports", () => {
    const bare = doors
      .filter((door) => door !== "src/index.ts")
      .flatMap((door) => exportsOf(door).map(({ name, file }) => ({ door, name, file })))
      .filter(({ name, file }) => !isDocumented(name, file));
    expect(bare.map(({ door, name }) => `${door}: ${name}`)).toEqual([]);
  });

  it(`keeps the front door within ${MAX_FRONT_DOOR_VALUES} values`, async () => {
    const front = await import("trilith");
    expect(Object.keys(front).length).toBeLessThanOrEqual(MAX_FRONT_DOOR_VALUES);
  });
});
