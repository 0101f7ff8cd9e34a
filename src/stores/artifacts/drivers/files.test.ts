import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeBlobDriver } from "../blob-driver.contract.ts";
import { filesBlobs } from "./files.ts";

const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "trilith-blobs-"));

describeBlobDriver("files", () => filesBlobs({ folder: join(temporaryFolder(), "made", "when-absent") }));

it("leaves no half-written file behind", async () => {
  const folder = temporaryFolder();
  await filesBlobs({ folder }).write("key-1", Uint8Array.of(1));
  expect(readdirSync(folder, { recursive: true }).sort()).toEqual(["-1", join("-1", "key-1")]);
});

it("says which path it cannot write", async () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  await expect(filesBlobs({ folder: file }).write("key-1", Uint8Array.of(1))).rejects.toMatchObject({
    code: "artifact-store-unusable",
    message: expect.stringContaining(join(file, "-1", "key-1")),
  });
});
