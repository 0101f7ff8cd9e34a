/** What every blob driver must do. A case is skipped only by its name and with a reason. */

import { describe, expect, it } from "vitest";
import type { BlobDriver } from "./driver.ts";

/** Declares the law for one driver; `open` gives an empty one. */
export function describeBlobDriver(name: string, open: () => BlobDriver, skip: Record<string, string> = {}): void {
  const law = (title: string, check: (driver: BlobDriver) => Promise<void>): void =>
    it(skip[title] === undefined ? title : `${title} (skipped: ${skip[title]})`, { skip: title in skip }, () =>
      check(open()),
    );
  const key = `sha256-${"a".repeat(64)}`;

  describe(`blob driver ${name}`, () => {
    law("reads back what was written, unchanged by later edits of the input or of what was read", async (driver) => {
      const bytes = Uint8Array.of(1, 2, 3);
      await driver.write(key, bytes);
      bytes[0] = 9;
      (await driver.read(key))?.fill(7);
      expect([...((await driver.read(key)) ?? [])]).toEqual([1, 2, 3]);
    });
    law("has and reads nothing under a key that was never written", async (driver) => {
      expect([await driver.has(key), await driver.read(key)]).toEqual([false, undefined]);
    });
    law("replaces what is there", async (driver) => {
      await driver.write(key, Uint8Array.of(1, 2, 3));
      await driver.write(key, Uint8Array.of(4));
      expect([...((await driver.read(key)) ?? [])]).toEqual([4]);
    });
    law("keeps empty bytes apart from none", async (driver) => {
      await driver.write(key, new Uint8Array());
      expect([await driver.has(key), (await driver.read(key))?.length]).toEqual([true, 0]);
    });
    law("deletes, and does nothing where there is nothing", async (driver) => {
      await driver.write(key, Uint8Array.of(1));
      await driver.delete(key);
      await driver.delete(key);
      expect(await driver.has(key)).toBe(false);
    });
    law("is whole after equal keys were written at once", async (driver) => {
      const contents = [1, 2, 3, 4].map((value) => new Uint8Array(100_000).fill(value));
      await Promise.all(contents.map((bytes) => driver.write(key, bytes)));
      const read = (await driver.read(key)) ?? new Uint8Array();
      expect([read.length, new Set(read).size]).toEqual([100_000, 1]);
    });
  });
}
