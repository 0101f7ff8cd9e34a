import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { writeFiles } from "./write-files.ts";

let folder: string;
let root: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trilith-write-"));
  root = join(folder, "root");
});
const files = (...names: string[]): Map<string, string> => new Map(names.map((name) => [name, `new ${name}`]));

describe("files of a folder", () => {
  it("are written below a place that is made, beside what is there", async () => {
    await writeFiles(root, files("a", "b/c"), { force: false });
    await writeFiles(root, files("b/d"), { force: false });
    expect(readdirSync(root, { recursive: true }).sort()).toEqual(["a", "b", join("b", "c"), join("b", "d")]);
  });

  it("are all kept back when one would be written over, unless that is wanted", async () => {
    mkdirSync(root);
    writeFileSync(join(root, "z"), "old");
    await expect(writeFiles(root, files("a", "z"), { force: false })).rejects.toMatchObject({ code: "path-taken" });
    expect(readdirSync(root)).toEqual(["z"]);
    await writeFiles(root, files("a", "z"), { force: true });
    expect(readFileSync(join(root, "z"), "utf8")).toBe("new z");
  });

  it("follow no link out of the place, and replace one in it", async () => {
    const elsewhere = join(folder, "elsewhere");
    mkdirSync(elsewhere);
    mkdirSync(root);
    writeFileSync(join(elsewhere, "file"), "untouched");
    symlinkSync(elsewhere, join(root, "out"));
    symlinkSync(join(elsewhere, "file"), join(root, "link"));
    for (const force of [false, true]) {
      await expect(writeFiles(root, files("out/deep/x"), { force })).rejects.toMatchObject({ code: "unwritable-path" });
    }
    await expect(writeFiles(root, files("link"), { force: false })).rejects.toMatchObject({ code: "path-taken" });
    await writeFiles(root, files("link"), { force: true });
    expect(lstatSync(join(root, "link")).isSymbolicLink()).toBe(false);
    expect([readdirSync(elsewhere), readFileSync(join(elsewhere, "file"), "utf8")]).toEqual([["file"], "untouched"]);
  });

  it("say where a folder is in the way", async () => {
    mkdirSync(join(root, "a"), { recursive: true });
    await expect(writeFiles(root, files("a"), { force: true })).rejects.toMatchObject({ code: "unwritable-path" });
  });
});
