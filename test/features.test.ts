import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, textOf } from "./source-tree.ts";

/** The tables' rows without their heads: capability, where, state, test. */
const rows = textOf("FEATURES.md")
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .map((line) => line.split("|").slice(1, -1))
  .map((cells) => cells.map((cell) => cell.trim()))
  .filter(([first]) => first !== "Capability" && !/^-+$/.test(first ?? ""));

/** The one path that a cell holds between backticks. */
const pathIn = (cell: string | undefined): string => /^`([^`]+)`$/.exec(cell ?? "")?.[1] ?? `no path: ${cell}`;

describe("FEATURES.md", () => {
  it("names a place and a test that exist for every feature", () => {
    const paths = rows.flatMap(([, where, , test]) => [pathIn(where), pathIn(test)]);
    expect(paths.length).toBeGreaterThan(100);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("says of every feature that it works, or what of it is not there", () => {
    const odd = rows.filter((row) => row.length !== 4 || !/^works(?:, thin: \S.*)?$/.test(row[2] ?? ""));
    expect(odd).toEqual([]);
  });

  it("shows every feature by a file of tests", () => {
    expect(rows.map(([, , , test]) => pathIn(test)).filter((path) => !path.endsWith(".test.ts"))).toEqual([]);
  });
});
