import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesUnder, isTest, parse, ROOT, type SyntaxNode, textOf, walk } from "./source-tree.ts";

const sources = ["src", "steps", "pipelines"].flatMap(filesUnder).filter((path) => !isTest(path));

const codes = sources.flatMap((path) =>
  [...textOf(path).matchAll(/\boverride readonly code(?::[^=]+)? = "([^"]+)"/g)].map(([, code]) => ({
    path,
    code: code ?? "",
  })),
);

describe("the errors", () => {
  it("has codes that are kebab-case and unique", () => {
    expect(codes.length).toBeGreaterThan(5);
    expect(codes.filter(({ code }) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(code))).toEqual([]);
    const twice = codes.filter(({ code }, i) => codes.findIndex((each) => each.code === code) !== i);
    expect(twice).toEqual([]);
  });

  it("lists every code in docs/errors.md, and no other", () => {
    const listed = [...readFileSync(join(ROOT, "docs/errors.md"), "utf8").matchAll(/^\| `([^`]+)` \|/gm)].map(
      ([, code]) => code,
    );
    expect([...listed].sort()).toEqual(codes.map(({ code }) => code).sort());
  });

  it("throws no plain Error where a caller may want to branch", () => {
    const plain: string[] = [];
    for (const path of sources) {
      walk(parse(path).program, (node) => {
        if (node.type !== "ThrowStatement") return;
        const thrown = node["argument"] as SyntaxNode; // a throw statement always has one
        const callee = thrown["callee"] as { name?: string } | undefined; // present on `new X()` only
        if (thrown.type === "NewExpression" && callee?.name === "Error") plain.push(path);
      });
    }
    expect(plain).toEqual([]);
  });
});
