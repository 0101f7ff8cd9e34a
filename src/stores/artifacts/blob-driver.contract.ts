/** What every blob driver must do. A case is skipped only by its name and with a reason. */

import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { BlobDriver } from "./driver.ts";

/** What is different about a driver's place. */
export interface BlobLawOptions {
  /** How far apart two times must be to be told apart. */
  readonly clockResolutionMs?: number;
  /** By title, with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** Declares the law for one driver; `open` gives an empty one. */
export function describeBlobDriver(name: string, open: () => BlobDriver, options: BlobLawOptions = {}): void {
  const { clockResolutionMs = 20, skip = {} } = options;
  const law = (title: string, check: (driver: BlobDriver) => Promise<void>): void =>
    it(skip[title] === undefined ? title : `${title} (skipped: ${skip[title]})`, { skip: title in skip }, () =>
      check(open()),
    );
  const key = `sha256-${"a".repeat(64)}`;

  describe(`blob driver ${name}`, () => {
    law("reads back what was written, unchanged by later edits of the input or of what was read", async (driver) => {
      const bytes = Buffer.from([1, 2, 3]); // its own `slice` would share memory
      await driver.write(key, bytes);
      bytes[0] = 9;
      (await driver.read(key))?.fill(7);
      expect([...((await driver.read(key)) ?? [])]).toEqual([1, 2, 3]);
    });
    law("has and reads nothing under a key that was never written", async (driver) => {
      expect([await driver.stat(key), await driver.read(key)]).toEqual([undefined, undefined]);
      expect(await Array.fromAsync(driver.list())).toEqual([]);
    });
    law("replaces what is there", async (driver) => {
      await driver.write(key, Uint8Array.of(1, 2, 3));
      await driver.write(key, Uint8Array.of(4));
      expect([...((await driver.read(key)) ?? [])]).toEqual([4]);
    });
    law("keeps empty bytes apart from none", async (driver) => {
      await driver.write(key, new Uint8Array());
      expect([(await driver.stat(key))?.sizeBytes, (await driver.read(key))?.length]).toEqual([0, 0]);
    });
    law("deletes, and does nothing where there is nothing", async (driver) => {
      await driver.write(key, Uint8Array.of(1));
      await driver.delete(key);
      await driver.delete(key);
      expect(await driver.stat(key)).toBe(undefined);
    });
    law("writes where there is nothing when it is told that what is there may be left", async (driver) => {
      await driver.write(key, Uint8Array.of(1, 2), { unlessPresent: true });
      await driver.write(key, Uint8Array.of(1, 2), { unlessPresent: true });
      expect([...((await driver.read(key)) ?? [])]).toEqual([1, 2]);
    });
    law("lists what is there, with sizes, and when it was written", async (driver) => {
      const other = `sha256-${"b".repeat(64)}`;
      const startMs = Date.now();
      for (const [size, each] of [key, other].entries()) await driver.write(each, new Uint8Array(size));
      const listed = await Array.fromAsync(driver.list());
      expect(new Map(listed.map((blob) => [blob.key, blob.sizeBytes]))).toEqual(
        new Map([
          [key, 0],
          [other, 1],
        ]),
      );
      for (const { modifiedAtMs } of listed) {
        expect(Math.abs(modifiedAtMs - startMs)).toBeLessThan(10_000);
      }
      expect(await driver.stat(other)).toEqual(
        listed.map(({ key: _, ...facts }) => facts).find((f) => f.sizeBytes === 1),
      );
    });
    law("makes new what is touched, with its bytes, and nothing where there is nothing", async (driver) => {
      await driver.write(key, Uint8Array.of(1, 2, 3));
      const before = await driver.stat(key);
      await setTimeout(clockResolutionMs);
      await driver.touch(key);
      expect((await driver.stat(key))?.modifiedAtMs).toBeGreaterThan(before?.modifiedAtMs ?? Number.NaN);
      expect([...((await driver.read(key)) ?? [])]).toEqual([1, 2, 3]);
      await driver.delete(key);
      await driver.touch(key);
      expect(await driver.stat(key)).toBe(undefined);
    });
    law("is whole after equal keys were written at once", async (driver) => {
      const contents = [1, 2, 3, 4].map((value) => new Uint8Array(100_000).fill(value));
      await Promise.all(contents.map((bytes) => driver.write(key, bytes)));
      const read = (await driver.read(key)) ?? new Uint8Array();
      expect([read.length, new Set(read).size]).toEqual([100_000, 1]);
    });
  });
}
