import { mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCheckpoints, type TrainingState } from "./checkpoints.ts";
import type { CheckpointDamagedError } from "./errors.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trilith-checkpoints-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const state = (step: number): TrainingState => ({
  step,
  arrays: { parameters: Float32Array.of(step, 0.1, -3e-38), empty: new Float32Array(0), second: Float32Array.of(7) },
  facts: { best: { loss: 0.1 + 0.2, step: 3 }, random: [1, 2, 3, 4] },
});
const nameOf = (step: number): string => `step-${String(step).padStart(9, "0")}.checkpoint`;

describe("checkpoints", () => {
  it("give back what was saved, bit for bit", async () => {
    await (await openCheckpoints({ folder })).save(state(5));
    expect(await (await openCheckpoints({ folder })).latest()).toEqual(state(5));
  });

  it("take arrays on shared memory, and parts of larger ones", async () => {
    const shared = new Float32Array(new SharedArrayBuffer(16)).fill(2);
    const checkpoints = await openCheckpoints({ folder });
    await checkpoints.save({ step: 1, arrays: { shared, part: Float32Array.of(1, 2, 3).subarray(1) }, facts: null });
    expect((await checkpoints.latest())?.arrays).toEqual({
      shared: new Float32Array(4).fill(2),
      part: Float32Array.of(2, 3),
    });
  });

  it("are none before the first and after they were cleared", async () => {
    const checkpoints = await openCheckpoints({ folder });
    expect(await checkpoints.latest()).toBeUndefined();
    await checkpoints.save(state(1));
    await checkpoints.clear();
    expect(await (await openCheckpoints({ folder })).latest()).toBeUndefined();
  });

  it("keeps the newest few", async () => {
    const checkpoints = await openCheckpoints({ folder, keep: 3 });
    for (const step of [1, 2, 30, 4, 50]) await checkpoints.save(state(step));
    expect((await readdir(folder)).sort()).toEqual([4, 30, 50].map(nameOf));
  });

  it.each<[how: string, spoil: (path: string) => Promise<unknown>, why: RegExp]>([
    ["cut short", (path) => truncate(path, 60), /expected \d+|ends too early|header/],
    ["empty", (path) => truncate(path, 0), /ends too early/],
    ["changed in one bit", flipLastNumber, /checksum is another/],
    [
      "something else",
      (path) => writeFile(path, "This is a text of some length, and no checkpoint."),
      /is no checkpoint/,
    ],
  ])("passes over one that is %s, and says so", async (_how, spoil, why) => {
    const told: CheckpointDamagedError[] = [];
    const checkpoints = await openCheckpoints({ folder, onDamaged: (error) => told.push(error) });
    await checkpoints.save(state(1));
    await checkpoints.save(state(2));
    await spoil(join(folder, nameOf(2)));
    expect(await checkpoints.latest()).toEqual(state(1));
    expect(told).toMatchObject([{ code: "checkpoint-damaged", message: expect.stringMatching(why) }]);
  });

  it("are never taken from a file that a killed process left half-written, which is removed", async () => {
    const gone = 2 ** 22 + 1; // above the highest process id of Linux
    await writeFile(join(folder, `${nameOf(9)}.${gone}.partial`), "TRILCKP1");
    await writeFile(join(folder, `${nameOf(8)}.${process.pid}.partial`), "of a process that lives");
    expect(await (await openCheckpoints({ folder })).latest()).toBeUndefined();
    expect(await readdir(folder)).toEqual([`${nameOf(8)}.${process.pid}.partial`]);
  });

  it.skipIf(process.platform !== "linux")("keep the last when the disk is full, and say what to do", async () => {
    const checkpoints = await openCheckpoints({ folder });
    await checkpoints.save(state(1));
    await symlink("/dev/full", join(folder, `${nameOf(2)}.${process.pid}.partial`));
    await expect(checkpoints.save(state(2))).rejects.toMatchObject({
      code: "checkpoint-not-written",
      lastStep: 1,
      message: expect.stringMatching(/ENOSPC.*last whole one is that of step 1.*Make room/),
    });
    expect(await readdir(folder)).toEqual([nameOf(1)]);
    expect(await checkpoints.latest()).toEqual(state(1));
  });
});

async function flipLastNumber(path: string): Promise<void> {
  const bytes = await readFile(path);
  const at = bytes.length - 33; // before the checksum
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}
