import { describe, expect, it } from "vitest";
import { definitionEnds, parseDefinitions } from "./code-definitions.ts";

const pieces = (code: string, depth = 0): string[] =>
  parseDefinitions(code, depth).map(({ start, end }) => code.slice(start, end).trimEnd());

describe("definitions in code", () => {
  it("begins one at a line with a block under it, with its comments and decorators", () => {
    const python =
      "import a\n\nX = 1\n\n# Adds.\n# Twice.\n@cached\ndef add(a):\n    return a\n\nclass B:\n\n    def c(self):\n        pass\n";
    expect(pieces(python)).toEqual([
      "import a\n\nX = 1",
      "# Adds.\n# Twice.\n@cached\ndef add(a):\n    return a",
      "class B:\n\n    def c(self):\n        pass",
    ]);
    expect(parseDefinitions(python).map(({ opener }) => opener)).toEqual(["", "def add(a):", "class B:"]);
  });

  it("knows braces at the end of the line and on their own, attributes, and lines that go on with a block", () => {
    const rust = "#[derive(Debug)]\nstruct A {\n    x: u8,\n}\n\nimpl A {\n    fn f() {}\n}\n";
    expect(pieces(rust)).toEqual(["#[derive(Debug)]\nstruct A {\n    x: u8,\n}", "impl A {\n    fn f() {}\n}"]);
    const c = "int f(void)\n{\n  return 1;\n}\nint g(void)\n{\n  return 2;\n}";
    expect(pieces(c)).toEqual(["int f(void)\n{\n  return 1;\n}", "int g(void)\n{\n  return 2;\n}"]);
    const script = "if (a) {\n\tb();\n} else {\n\tc();\n}\n/**\n * Says.\n */\nfunction d() {\n\te();\n}";
    expect(pieces(script)).toEqual([
      "if (a) {\n\tb();\n} else {\n\tc();\n}",
      "/**\n * Says.\n */\nfunction d() {\n\te();\n}",
    ]);
  });

  it("begins the first definition of a fenced block with the fence", () => {
    expect(pieces("```py\ndef a():\n    pass\n\ndef b():\n    pass\n```")).toEqual([
      "```py\ndef a():\n    pass",
      "def b():\n    pass\n```",
    ]);
  });

  it("finds the methods of a class at the next depth, and nothing in code without blocks", () => {
    const ruby = "class A\n  def b\n    1\n  end\n\n  # Two.\n  def c\n    2\n  end\nend";
    expect(pieces(ruby, 1)).toEqual(["class A", "  def b\n    1\n  end", "  # Two.\n  def c\n    2\n  end\nend"]);
    expect(pieces("a = 1\nb = 2")).toEqual(["a = 1\nb = 2"]);
    expect([definitionEnds(""), definitionEnds("x"), definitionEnds("x", 3)]).toEqual([[], [1], [1]]);
  });
});
