import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DocumentDraft, isSkipped } from "../../../contracts/documents.ts";
import { licenceIn } from "./licence.ts";
import { repositoryCollector } from "./repository-collector.ts";

const HAS_GIT = spawnSync("git", ["--version"]).status === 0;

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "trilith-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

const FILES = {
  ".gitignore": "out/\n*.tmp.md\n",
  LICENSE: "Apache License\n  Version 2.0, January 2004",
  "README.md": "# A",
  "out/made.md": "made",
  "src/a.go": "package a\n",
  "x.tmp.md": "x",
};
const collect = async (folder: string): Promise<DocumentDraft[]> =>
  (await Array.fromAsync(repositoryCollector().collect(folder))).filter(
    (each): each is DocumentDraft => !isSkipped(each),
  );

describe("a repository on this machine", () => {
  it.skipIf(!HAS_GIT)(
    "is what git keeps, and runs nothing that its settings name (skipped where git is absent)",
    async () => {
      const folder = folderOf(FILES);
      spawnSync("git", ["init", "-q", folder]);
      const trap = join(folder, "trap.sh");
      writeFileSync(trap, `#!/bin/sh\ntouch ${join(folder, "ran.md")}\n`, { mode: 0o755 });
      spawnSync("git", ["-C", folder, "config", "core.fsmonitor", trap]);
      const drafts = await collect(folder);
      const name = folder.slice(folder.lastIndexOf("/") + 1);
      expect(drafts.map(({ title }) => title)).toEqual([`${name}/README.md`, `${name}/src/a.go`, `${name}/trap.sh`]);
      expect(drafts[1]).toMatchObject({
        kind: "repository",
        platform: "folder",
        source: `${folder}/src/a.go`,
        content: "package a\n",
        licence: "Apache-2.0",
        tags: ["code", "go"],
      });
    },
  );

  it("is everything in it where git does not know it", async () => {
    const folder = folderOf({ ...FILES, ".git/HEAD": "broken" });
    expect((await collect(folder)).map(({ source }) => source.slice(folder.length + 1))).toEqual([
      "README.md",
      "out/made.md",
      "src/a.go",
      "x.tmp.md",
    ]);
  });

  it("is a folder with `.git`, and no other", () => {
    const { accepts } = repositoryCollector();
    expect([folderOf({ ".git/HEAD": "x" }), folderOf({ "a.md": "x" }), "https://a.org", ""].map(accepts)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("a licence", () => {
  it("is known by its words or its manifest’s", () => {
    const stated = [
      ["LICENSE", "MIT License\n\nPermission is hereby granted, free of charge, to any person obtaining a copy"],
      ["LICENSE", "Redistribution and use\nRedistributions of source code must retain\nNeither the name of"],
      ["COPYING", "GNU AFFERO GENERAL PUBLIC LICENSE\n   Version 3, 19 November 2007"],
      ["Cargo.toml", '[package]\nlicense = "MIT OR Apache-2.0"'],
      ["pyproject.toml", '[project]\nlicense = { text = "BSD-3-Clause" }'],
      ["package.json", '{"license":"SEE LICENSE IN x.txt; rm -rf"}'],
      ["LICENSE", "All rights reserved."],
    ] as const;
    expect(stated.map(([file, text]) => licenceIn(file, text))).toEqual([
      "MIT",
      "BSD-3-Clause",
      "AGPL-3.0",
      "MIT OR Apache-2.0",
      "BSD-3-Clause",
      undefined,
      undefined,
    ]);
  });
});
