import { describe, expect, it } from "vitest";
import { hashBytes } from "../../core/hash.ts";
import { createArtifactStore } from "./artifact-store.ts";
import { memoryBlobs } from "./drivers/memory.ts";

const HELLO = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

describe("the artifact store", () => {
  it("names bytes by their SHA-256, text as UTF-8", async () => {
    const store = createArtifactStore(memoryBlobs());
    expect(await store.put("hello")).toBe(HELLO);
    expect(await store.put(new TextEncoder().encode("hello"))).toBe(HELLO);
    expect(Buffer.from(await store.get(HELLO)).toString()).toBe("hello");
  });

  it("names the hash that nothing is stored under", async () => {
    const store = createArtifactStore(memoryBlobs());
    await expect(store.get(HELLO)).rejects.toMatchObject({ code: "artifact-missing", hash: HELLO });
    expect(await store.has(HELLO)).toBe(false);
  });

  it("detects damaged bytes, and mends them when the content is stored again", async () => {
    const driver = memoryBlobs();
    const store = createArtifactStore(driver);
    await store.put("hello");
    await driver.write(HELLO.replace(":", "-"), Buffer.from("jello"));
    await expect(store.get(HELLO)).rejects.toMatchObject({ code: "artifact-corrupt", found: hashBytes("jello") });
    await store.put("hello");
    expect(Buffer.from(await store.get(HELLO)).toString()).toBe("hello");
  });

  it("takes no hash for a path", async () => {
    const store = createArtifactStore(memoryBlobs());
    await expect(store.get("sha256:../../etc/passwd")).rejects.toMatchObject({ code: "artifact-missing" });
  });
});
