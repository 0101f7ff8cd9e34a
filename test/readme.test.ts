import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { openWorkspace, type Pipeline, runPipeline } from "trilith";
import { describe, expect, it } from "vitest";
import { ROOT, textOf } from "./source-tree.ts";

const PAGES = [
  ...["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "FEATURES.md", "CHANGELOG.md", "examples/README.md"],
  ...readdirSync(join(ROOT, "docs")).flatMap((file) => (file.endsWith(".md") ? [`docs/${file}`] : [])),
  ...readdirSync(join(ROOT, "decisions")).map((file) => `decisions/${file}`),
];
/** Words of the making, which have no place in what was made. Bracketed, so that this file does not hold them. */
const OF_THE_MAKING = /\bthis sess[i]on\b|\bsub[a]gents?\b|\bissue [#]?\d+\b/i;

/** Targets of a page's links and pictures that are not on the web, without their anchors. */
function relativeLinks(page: string): string[] {
  return [...textOf(page).matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, target]) => target ?? "")
    .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
    .map((target) => target.replace(/#.*$/, ""));
}

describe("the pages", () => {
  it("link to files that exist", () => {
    const links = PAGES.flatMap((page) => relativeLinks(page).map((target) => ({ page, target })));
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter(({ page, target }) => !existsSync(join(ROOT, dirname(page), target)))).toEqual([]);
  });

  it("say what is there, as every tracked text does, and not how it was made", () => {
    const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" }).split("\0");
    const texts = tracked.filter((path) => /\.(?:md|ts|js|json|ya?ml|py)$|^\.ci\//.test(path));
    expect(texts.length).toBeGreaterThan(300);
    const found = texts.filter((path) => existsSync(join(ROOT, path)) && OF_THE_MAKING.test(textOf(path)));
    expect(found).toEqual([]);
  });
});

describe("the README's pipeline", () => {
  it("runs as it is printed", async () => {
    const [, example = ""] = /## A pipeline\n+```ts\n([\s\S]*?)```/.exec(textOf("README.md")) ?? [];
    // Inside the repository, where the package has its own name.
    const folder = mkdtempSync(join(ROOT, ".tmp-readme-"));
    const file = join(folder, "example.ts");
    writeFileSync(file, example);
    const workspace = await openWorkspace({ folder: join(folder, "workspace") });
    try {
      const { wordPipeline } = (await import(pathToFileURL(file).href)) as { wordPipeline: Pipeline }; // the example's export
      const { result } = await runPipeline(wordPipeline, { text: "one two three\nfour" }, { workspace });
      expect(await result).toEqual({ doubled: 2 * 4 });
    } finally {
      await workspace.close();
      rmSync(folder, { recursive: true });
    }
  });
});
