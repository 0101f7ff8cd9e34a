import { describe, expect, it } from "vitest";
import { filesUnder, isTest, parse, textOf, walk } from "./source-tree.ts";

const FORBIDDEN = /(^|[/-])(utils?|helpers?|common|misc|shared|manager|service)([/.-]|$)/;
/** Files that may read what the process is given. */
const MAY_READ_ENVIRONMENT = /^(src\/core\/environment\.ts|src\/workspace\.ts|src\/cli\/|scripts\/|test\/|bench\/)/;
/** Files that hand out time, chance and the network. */
const MAY_HAVE_EFFECTS = /^(src\/core\/(clock|random)\.ts|src\/workspace\.ts|src\/cli\/|scripts\/|test\/|bench\/)/;

const files = ["src", "steps", "pipelines", "bench", "scripts", "test"].flatMap(filesUnder);
const production = files.filter((path) => !isTest(path));

describe("the names", () => {
  it("uses kebab-case for files and folders", () => {
    expect(files.filter((path) => !/^([a-z0-9-]+\/)*[a-z0-9-]+(\.(test|contract))?\.ts$/.test(path))).toEqual([]);
  });

  it("has no room for things without a name", () => {
    expect(files.filter((path) => FORBIDDEN.test(path))).toEqual([]);
  });

  it("has no default exports", () => {
    const found = production.filter((path) => /^export default /m.test(textOf(path)));
    expect(found).toEqual([]);
  });

  it("opens each file with what it is", () => {
    const bare = production.filter((path) => !/^(#!.*\n)?\/\*\*/.test(textOf(path)));
    expect(bare).toEqual([]);
  });
});

describe("the effects", () => {
  const uses = (path: string, pattern: RegExp): boolean => {
    let found = false;
    walk(parse(path).program, (node) => {
      if (/^(MemberExpression|CallExpression)$/.test(node.type)) {
        found ||= pattern.test(textOf(path).slice(node.start, Math.min(node.end, node.start + 24)));
      }
    });
    return found;
  };

  it("reads the environment only in the workspace and the command line", () => {
    expect(production.filter((path) => !MAY_READ_ENVIRONMENT.test(path) && uses(path, /^process\.env\b/))).toEqual([]);
  });

  it("takes time, chance and the network only where they are handed out", () => {
    const effect = /^(Date\.now|Math\.random|fetch\()/;
    expect(production.filter((path) => !MAY_HAVE_EFFECTS.test(path) && uses(path, effect))).toEqual([]);
  });
});
