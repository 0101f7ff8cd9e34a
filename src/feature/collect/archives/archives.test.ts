import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type TarFileOf, tarGzOf, type ZipFileOf, zipOf } from "../../../../test/archives-of.ts";
import { ARCHIVE_LIMITS, type ArchiveLimits } from "./archive-limits.ts";
import { openZip } from "./open-zip.ts";
import { readTar } from "./read-tar.ts";

const ZEROS = Buffer.alloc(4 * 2 ** 20);

async function readZip(
  files: readonly ZipFileOf[],
  limits: Partial<ArchiveLimits> = {},
): Promise<Record<string, string>> {
  const zip = await openZip(zipOf(files), "a.zip", { ...ARCHIVE_LIMITS, ...limits });
  const read: Record<string, string> = {};
  for (const name of zip.names) read[name] = Buffer.concat(await Array.fromAsync(zip.stream(name))).toString();
  zip.close();
  return read;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

async function readTarGz(bytes: Uint8Array, limits: Partial<ArchiveLimits> = {}): Promise<Record<string, string>> {
  const read: Record<string, string> = {};
  for await (const entry of readTar(once(bytes), "a.tar.gz", { ...ARCHIVE_LIMITS, ...limits })) {
    if (entry.name !== "passed-over")
      read[entry.name] = entry.isLink ? "link" : Buffer.from(await entry.read()).toString();
  }
  return read;
}

const file = (name: string, content: string | Uint8Array = "x", more: Partial<ZipFileOf> = {}): ZipFileOf => ({
  name,
  content,
  ...more,
});

const BAD_NAMES = ["../x", "a/../../x", "/etc/x", "C:\\x", "c:/x", "a\\..\\x", "\\\\host\\x", "a\0b", "a\nb", ".."];

describe("a ZIP archive", () => {
  it("is read file by file, stored and deflated", async () => {
    expect(
      await readZip([file("a.txt"), file("b/c.txt", "yy".repeat(99), { isDeflated: true }), file("d/", "")]),
    ).toEqual({
      "a.txt": "x",
      "b/c.txt": "yy".repeat(99),
    });
  });

  it.each(BAD_NAMES)("is refused for a name that is no place inside it: %j", async (name) => {
    await expect(readZip([file("ok.txt"), file(name)])).rejects.toMatchObject({ code: "archive-unsafe" });
  });

  it("is refused for a link, and for two files of one name", async () => {
    await expect(readZip([file("a", "/etc/passwd", { mode: 0o120777 })])).rejects.toThrow(/"a" is a link/);
    await expect(readZip([file("a"), file("a")])).rejects.toThrow(/"a" stands in it twice/);
  });

  it("is refused for a bomb, one that lies about its size, and too many files or bytes", async () => {
    const tooLarge = { code: "archive-too-large" };
    await expect(readZip([file("a", ZEROS, { isDeflated: true })])).rejects.toMatchObject(tooLarge);
    const lie = file("a", ZEROS, { isDeflated: true, declaredBytes: 10 });
    await expect(readZip([lie])).rejects.toMatchObject({ code: "archive-unreadable" });
    await expect(readZip([file("a"), file("b")], { maxEntries: 1 })).rejects.toMatchObject(tooLarge);
    await expect(readZip([file("a", "xxx")], { maxEntryBytes: 2 })).rejects.toMatchObject(tooLarge);
    await expect(readZip([file("a", "xx"), file("b", "xx")], { maxTotalBytes: 3 })).rejects.toMatchObject(tooLarge);
  });

  it("is refused when it is damaged, cut off, locked or none", async () => {
    const unreadable = { code: "archive-unreadable" };
    const whole = zipOf([file("a", "some words")]);
    for (const bytes of [Buffer.from("nothing"), whole.subarray(0, 40), whole.subarray(0, -5), Buffer.alloc(0)]) {
      await expect(openZip(bytes, "a.zip")).rejects.toMatchObject(unreadable);
    }
    await expect(readZip([file("a", "x", { flags: 1, isDeflated: true })])).rejects.toThrow(/locked by a password/);
  });
});

describe("a tar archive", () => {
  it("is read as it comes, and what is not read is passed over", async () => {
    const files: TarFileOf[] = [
      { name: "d", type: "directory" },
      { name: "d/a.txt", content: "words" },
      { name: "passed-over", content: "y".repeat(5000) },
      { name: "l", type: "symlink", linkname: "/etc/passwd" },
      { name: "z.txt", content: "end" },
    ];
    expect(await readTarGz(tarGzOf(files))).toEqual({ "d/a.txt": "words", l: "link", "z.txt": "end" });
  });

  it.each(["../x", "a/../../x", "/etc/x", "C:/x", "a\\b"])(
    "is refused for a name that is no place inside it: %j",
    async (name) => {
      await expect(readTarGz(tarGzOf([{ name, content: "x" }]))).rejects.toMatchObject({
        code: "archive-unsafe",
      });
    },
  );

  it("is refused for a bomb, too many files, two of one name, and when it is damaged or cut off", async () => {
    const whole = tarGzOf([{ name: "a", content: "x".repeat(3000) }]);
    await expect(readTarGz(gzipSync(ZEROS))).rejects.toMatchObject({ code: "archive-too-large" });
    await expect(readTarGz(whole, { maxTotalBytes: 1000 })).rejects.toMatchObject({ code: "archive-too-large" });
    const two = [{ name: "a" }, { name: "b" }];
    await expect(readTarGz(tarGzOf(two), { maxEntries: 1 })).rejects.toMatchObject({ code: "archive-too-large" });
    const twice = [{ name: "a" }, { name: "a" }];
    await expect(readTarGz(tarGzOf(twice))).rejects.toMatchObject({ code: "archive-unsafe" });
    for (const bytes of [Buffer.from("no archive"), whole.subarray(0, -20), gzipSync(Buffer.from("x".repeat(2000)))]) {
      await expect(readTarGz(bytes)).rejects.toMatchObject({ code: "archive-unreadable" });
    }
  });
});
