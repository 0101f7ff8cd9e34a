import { describe, expect, it } from "vitest";
import { type TarFileOf, tarGzOf } from "../../../../test/archives-of.ts";
import { type DocumentDraft, isSkipped } from "../../../contracts/documents.ts";
import type { PageFetch } from "../guarded-fetch.ts";
import { githubCollector } from "./github-collector.ts";
import { parseGithubLink } from "./github-link.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software";

/** A network of these answers; a text that begins with `->` leads on. */
function networkOf(answers: Readonly<Record<string, string | Uint8Array>>): { fetch: PageFetch; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async fetch(url) {
      asked.push(url.href);
      const answer = answers[url.href];
      if (answer === undefined) return new Response(null, { status: 404 });
      if (typeof answer === "string" && answer.startsWith("->")) {
        return new Response(null, { status: 301, headers: { location: answer.slice(2) } });
      }
      return new Response(Buffer.from(answer as string)); // bytes are copied just so
    },
  };
}

const archiveOf = (files: readonly TarFileOf[]): Buffer =>
  tarGzOf(
    files.map((file) => ({ ...file, name: `engine-main/${file.name}` })),
    COMMIT,
  );
const CODELOAD = "https://codeload.github.com/ada/engine/tar.gz";
const RAW = "https://raw.githubusercontent.com/ada/engine";

async function collect(link: string, answers: Readonly<Record<string, string | Uint8Array>>) {
  const { fetch, asked } = networkOf(answers);
  const found = await Array.fromAsync(githubCollector({ fetch, maxBytes: 2000 }).collect(link));
  return {
    asked,
    drafts: found.filter((each): each is DocumentDraft => !isSkipped(each)),
    skipped: found.filter(isSkipped).map(({ source, reason }) => [source.split("/blob/")[1], reason]),
  };
}

describe("a repository on GitHub", () => {
  it("is one document a file: prose as Markdown, code exactly, each with its address, commit and licence", async () => {
    const code = "if a  <  b:\n\tgo(a, 'é')\n";
    const { drafts, skipped, asked } = await collect("https://github.com/ada/engine.git", {
      [`${CODELOAD}/HEAD`]: archiveOf([
        { name: ".github/workflow.md", content: "x" },
        { name: "LICENSE", content: MIT },
        { name: "README.md", content: "# The engine\n\nIt’s small.\n" },
        { name: "docs/my notes.txt", content: "Notes." },
        { name: "link.md", type: "symlink", linkname: "/etc/passwd" },
        { name: "logo.png", content: "\u0000png" },
        { name: "node_modules/p/a.js", content: "x" },
        { name: "package-lock.json", content: "{}" },
        { name: "src/a.py", content: code },
        { name: "src/big.py", content: "x = 1\n".repeat(1000) },
      ]),
      [`${RAW}/HEAD/LICENSE`]: MIT,
    });
    expect(drafts).toEqual([
      {
        kind: "repository",
        platform: "github",
        source: "https://github.com/ada/engine/blob/HEAD/README.md",
        canonicalUrl: `https://github.com/ada/engine/blob/${COMMIT}/README.md`,
        title: "engine/README.md",
        format: "markdown",
        content: "# The engine\n\nIt’s small.\n",
        publishedAt: null,
        licence: "MIT",
      },
      expect.objectContaining({
        source: "https://github.com/ada/engine/blob/HEAD/docs/my%20notes.txt",
        format: "text",
      }),
      expect.objectContaining({ title: "engine/src/a.py", format: "text", content: code, tags: ["code", "python"] }),
    ]);
    expect(skipped).toEqual([
      ["HEAD/.github/workflow.md", "hidden"],
      ["HEAD/LICENSE", "the text of a licence"],
      ["HEAD/node_modules/p/a.js", "a folder of others’ code"],
      ["HEAD/package-lock.json", "a lock file, which a tool has made"],
      ["HEAD/src/big.py", "it is larger than 2000 bytes"],
    ]);
    expect(asked).toEqual([`${CODELOAD}/HEAD`, `${RAW}/HEAD/LICENSE`]);
  });

  it("may be a folder at a branch whose name has a slash, and the licence its manifest’s", async () => {
    const { drafts, asked } = await collect("https://github.com/ada/engine/tree/feature/x/docs", {
      [`${CODELOAD}/feature/x`]: `->https://codeload.github.com/ada/engine2/tar.gz/feature/x`,
      "https://codeload.github.com/ada/engine2/tar.gz/feature/x": archiveOf([
        { name: "README.md", content: "# No" },
        { name: "docs/a.md", content: "# Yes" },
      ]),
      [`${RAW}/feature/x/package.json`]: '{ "license": "Apache-2.0" }',
    });
    expect(drafts).toMatchObject([
      { source: "https://github.com/ada/engine/blob/feature/x/docs/a.md", licence: "Apache-2.0" },
    ]);
    expect(asked.slice(0, 2)).toEqual([`${CODELOAD}/feature`, `${CODELOAD}/feature/x`]);
  });

  it("may be one file", async () => {
    const { drafts } = await collect("https://github.com/ada/engine/blob/main/src/a.rs", {
      [`${RAW}/main/src/a.rs`]: "fn main() {}\n",
    });
    expect(drafts).toMatchObject([
      { source: "https://github.com/ada/engine/blob/main/src/a.rs", content: "fn main() {}\n", tags: ["code", "rust"] },
    ]);
  });

  it("that is not there, or holds no text, or is dangerous, is an error", async () => {
    await expect(collect("https://github.com/ada/engine", {})).rejects.toMatchObject({
      code: "link-status",
      status: 404,
    });
    const empty = { [`${CODELOAD}/HEAD`]: archiveOf([{ name: "a.png", content: "x" }]) };
    await expect(collect("https://github.com/ada/engine", empty)).rejects.toMatchObject({ code: "folder-empty" });
    const bad = { [`${CODELOAD}/HEAD`]: archiveOf([{ name: "../../a.md", content: "x" }]) };
    await expect(collect("https://github.com/ada/engine", bad)).rejects.toMatchObject({ code: "archive-unsafe" });
  });

  it("falls silent, and is given up", async () => {
    const fetch: PageFetch = async (_, { signal }) =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(Buffer.from([0x1f, 0x8b]));
            signal.addEventListener("abort", () => controller.error(signal.reason));
          },
        }),
      );
    const collecting = Array.fromAsync(
      githubCollector({ fetch, silenceMs: 30 }).collect("https://github.com/ada/engine"),
    );
    await expect(collecting).rejects.toMatchObject({ code: "link-timeout" });
  });

  it("is told from everything else on GitHub", () => {
    const links = ["https://www.github.com/a/b/", "http://github.com/a/b.git", "https://github.com/a/b/tree/main"];
    expect(links.map((link) => parseGithubLink(link)?.name)).toEqual(["b", "b", "b"]);
    const others = [
      "https://github.com/a",
      "https://github.com/a/b/issues/1",
      "https://github.com/orgs/b",
      "https://github.com.evil.org/a/b",
      "https://github.com/a/..%2fb",
      "https://gist.github.com/a/b",
      "https://github.com/a/b/blob/main",
      "a/b",
    ];
    expect(others.filter((link) => parseGithubLink(link) !== undefined)).toEqual([]);
  });
});
