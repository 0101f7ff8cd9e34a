import { describe, expect, it } from "vitest";
import type { Clock } from "../../core/clock.ts";
import { hashBytes } from "../../core/hash.ts";
import { createArtifactStore } from "./artifact-store.ts";
import type { BlobDriver } from "./driver.ts";
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

  it("reads nothing back from a place where reading is dear, and mends what it found damaged all the same", async () => {
    const driver = watched(memoryBlobs());
    const store = createArtifactStore(driver);
    const key = HELLO.replace(":", "-");
    await store.put("hello");
    await store.put("hello");
    expect(driver.calls).toEqual(["stat", "write", "stat"]);
    await driver.write(key, Buffer.from("hell"));
    await store.put("hello"); // another size: seen without reading
    expect(Buffer.from(await store.get(HELLO)).toString()).toBe("hello");
    await driver.write(key, Buffer.from("jello"));
    await expect(store.get(HELLO)).rejects.toMatchObject({ code: "artifact-corrupt" });
    await createArtifactStore(driver).put("hello"); // of another process
    expect(Buffer.from(await store.get(HELLO)).toString()).toBe("hello");
  });

  it("believes a second reading when the first was damaged on the way", async () => {
    const driver = watched(memoryBlobs());
    const store = createArtifactStore(driver);
    await store.put("hello");
    driver.spoilNextRead();
    expect(Buffer.from(await store.get(HELLO)).toString()).toBe("hello");
  });

  it("lists artifacts and nothing else that lies there", async () => {
    const driver = memoryBlobs({ clock: clockAt(() => 5) });
    const store = createArtifactStore(driver);
    await store.put("hello");
    await driver.write("readme", new Uint8Array());
    expect(await Array.fromAsync(store.list())).toEqual([{ hash: HELLO, sizeBytes: 5, storedAtMs: 5 }]);
  });

  it("takes away what is stale, and leaves what was stored again since", async () => {
    let nowMs = 0;
    const clock = clockAt(() => nowMs);
    const store = createArtifactStore(memoryBlobs({ clock }), clock);
    await store.put("hello");
    nowMs = 3_600_000;
    await store.put("hello");
    expect([await store.deleteStale(HELLO, nowMs - 1), await store.has(HELLO)]).toEqual([false, true]);
    expect([await store.deleteStale(HELLO, nowMs), await store.has(HELLO)]).toEqual([true, false]);
    expect(await store.deleteStale(HELLO, nowMs)).toBe(false);
  });

  it("takes no hash for a path", async () => {
    const store = createArtifactStore(memoryBlobs());
    await expect(store.get("sha256:../../etc/passwd")).rejects.toMatchObject({ code: "artifact-missing" });
  });
});

const clockAt = (now: () => number): Clock => ({ now, sleep: async () => undefined });

/** A driver whose reads are dear, and which notes what it is asked. */
function watched(driver: BlobDriver): BlobDriver & { readonly calls: string[]; spoilNextRead(): void } {
  const calls: string[] = [];
  let spoilt = false;
  return {
    ...driver,
    can: { readCheaply: false },
    calls,
    spoilNextRead: () => {
      spoilt = true;
    },
    async read(key) {
      calls.push("read");
      const bytes = await driver.read(key);
      if (spoilt) bytes?.fill(0);
      spoilt = false;
      return bytes;
    },
    write: (...args) => {
      calls.push("write");
      return driver.write(...args);
    },
    stat: (key) => {
      calls.push("stat");
      return driver.stat(key);
    },
  };
}
