import { describe, expect, it } from "vitest";
import { filesUnder, importsOf, isTest, lineOf, localImportsOf, parse, textOf, walk } from "./source-tree.ts";

/** Which rooms of `src/` each room may import. A new room must be entered here: a decision. */
const MAY_IMPORT: Record<string, readonly string[] | "anything"> = {
  core: [],
  contracts: ["core"],
  text: ["core", "contracts"],
  tensor: ["core", "contracts"],
  feature: ["core", "contracts", "text"],
  training: ["core", "contracts", "text", "tensor", "training/datasets"],
  "training/datasets": ["core", "contracts", "text"],
  pretraining: ["core", "contracts", "text", "models", "training"],
  inference: ["core", "contracts", "text"],
  orchestrator: ["core", "contracts"],
  "stores/database": ["core", "contracts"],
  "stores/warehouse": ["core", "contracts"],
  "stores/features": ["core", "contracts"],
  "stores/vectors": ["core", "contracts", "text"],
  "stores/artifacts": ["core", "contracts"],
  "stores/registry": ["core", "contracts"],
  "stores/runs": ["core", "contracts"],
  "stores/schedules": ["core", "contracts"],
  "stores/embeddings": ["core", "contracts"],
  "stores/answers": ["core", "contracts"],
  "stores/hub": ["core", "contracts"],
  models: ["core", "contracts", "text", "tensor"],
  trainers: ["core", "contracts"],
  lineage: ["core", "contracts"],
  evaluation: ["core", "contracts", "text"],
  testing: ["core", "contracts", "orchestrator", "stores/artifacts", "stores/database", "stores/runs"],
  server: "anything",
  cli: "anything",
  "workspace.ts": "anything",
  "index.ts": "anything",
};
/** Vocabularies: imported by file. Every other room is entered through its `index.ts`. */
const OPEN_ROOMS = ["core", "contracts"];
const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 60;
const MAX_PARAMETERS = 3;
/** Exempt from the parameter limit: kernels, where the operands are the parameters. */
const KERNELS = /^src\/(tensor|models)\//;

const sources = filesUnder("src");
const application = ["steps", "pipelines"].flatMap(filesUnder);
const everything = [...sources, ...application, ...["bench", "scripts", "test"].flatMap(filesUnder)];
const production = everything.filter((path) => !isTest(path));

const inSrc = (path: string): string => path.replace(/^src\//, "");
const roomOf = (path: string): string | undefined =>
  Object.keys(MAY_IMPORT)
    .sort((a, b) => b.length - a.length)
    .find((room) => inSrc(path) === room || inSrc(path).startsWith(`${room}/`));
const foreign = (path: string): string[] => localImportsOf(path).filter((target) => roomOf(target) !== roomOf(path));

describe("the walls", () => {
  it("has every file of src in a known room", () => {
    expect(sources.filter((path) => roomOf(path) === undefined)).toEqual([]);
  });

  it("lets a room import only what its line in the table allows", () => {
    const forbidden = sources
      .filter((path) => !isTest(path))
      .flatMap((path) => foreign(path).map((target) => [path, target] as const))
      .filter(([path, target]) => {
        const allowed = MAY_IMPORT[roomOf(path) ?? ""] ?? [];
        return allowed !== "anything" && !allowed.includes(roomOf(target) ?? "outside src");
      });
    expect(forbidden.map((pair) => pair.join(" imports "))).toEqual([]);
  });

  it("enters other rooms through their door", () => {
    const pastTheDoor = sources
      .filter((path) => !isTest(path))
      .flatMap((path) => foreign(path).map((target) => [path, target] as const))
      .filter(([, target]) => {
        const room = roomOf(target) ?? "";
        return !OPEN_ROOMS.includes(room) && !room.endsWith(".ts") && inSrc(target) !== `${room}/index.ts`;
      });
    expect(pastTheDoor.map((pair) => pair.join(" imports "))).toEqual([]);
  });

  it("lets steps and pipelines import the package by name, and steps only below", () => {
    const wrong = application
      .filter((path) => !isTest(path))
      .flatMap((path) => importsOf(path).map((specifier) => [path, specifier] as const))
      .filter(([path, specifier]) => {
        if (!specifier.startsWith(".")) return !/^(trilith(\/[a-z-]+)?|zod|node:[a-z/]+)$/.test(specifier);
        return specifier.includes("src/") || (path.startsWith("steps/") && specifier.includes("pipelines/"));
      });
    expect(wrong.map((pair) => pair.join(" imports "))).toEqual([]);
  });

  it("has no cycle of imports, types included", () => {
    expect(findCycle(sources)).toEqual([]);
  });
});

describe("the sizes", () => {
  it(`keeps files within ${MAX_FILE_LINES} lines`, () => {
    const long = everything.filter((path) => textOf(path).split("\n").length > MAX_FILE_LINES);
    expect(long).toEqual([]);
  });

  it(`keeps functions within ${MAX_FUNCTION_LINES} lines`, () => {
    expect(production.flatMap((path) => functionsOf(path).filter(({ lines }) => lines > MAX_FUNCTION_LINES))).toEqual(
      [],
    );
  });

  it(`keeps parameters within ${MAX_PARAMETERS}`, () => {
    const many = production
      .filter((path) => !KERNELS.test(path))
      .flatMap((path) => functionsOf(path).filter(({ parameters }) => parameters > MAX_PARAMETERS));
    expect(many).toEqual([]);
  });
});

function functionsOf(path: string): { where: string; lines: number; parameters: number }[] {
  const found: { where: string; lines: number; parameters: number }[] = [];
  walk(parse(path).program, (node) => {
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return;
    const first = lineOf(path, node.start);
    const parameters = Array.isArray(node["params"]) ? node["params"].length : 0;
    found.push({ where: `${path}:${first}`, lines: lineOf(path, node.end) - first + 1, parameters });
  });
  return found;
}

/** The files of one cycle, or none: depth-first search over relative imports. */
function findCycle(files: readonly string[]): string[] {
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const target of localImportsOf(path).filter((each) => files.includes(each))) {
      const cycle = visit(target, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  for (const path of files) {
    const cycle = visit(path, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
