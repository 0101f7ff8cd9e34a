import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.ts";
import { fileLock, processLock } from "./write-lock.ts";

const clock = systemClock();
const lockFile = (): string => join(mkdtempSync(join(tmpdir(), "trilith-")), "made/index.lock");

/** A process that takes the lock, says so, and never lets go. */
async function holder(file: string): Promise<ChildProcess> {
  const program = `
    import { fileLock } from ${JSON.stringify(join(import.meta.dirname, "write-lock.ts"))};
    import { systemClock } from ${JSON.stringify(join(import.meta.dirname, "../../core/clock.ts"))};
    await fileLock(${JSON.stringify(file)}, systemClock())(async () => {
      process.stdout.write("held");
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
  const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

describe("the lock of the index", () => {
  it("lets callers of one process in one after the other, in order, also after one has failed", async () => {
    const lock = processLock();
    const said: string[] = [];
    const turn = (name: string) =>
      lock(async () => {
        said.push(`${name} in`);
        await clock.sleep(2);
        said.push(`${name} out`);
        if (name === "b") throw new RangeError("b fails");
      });
    const results = await Promise.allSettled(["a", "b", "c"].map(turn));
    expect(said).toEqual(["a in", "a out", "b in", "b out", "c in", "c out"]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it("is held by one of two holders of the same file at a time", async () => {
    const file = lockFile();
    let [inside, most] = [0, 0];
    const work = () =>
      fileLock(
        file,
        clock,
      )(async () => {
        most = Math.max(most, ++inside);
        await clock.sleep(5);
        inside--;
      });
    await Promise.all([work(), work(), work()]);
    expect(most).toBe(1);
  });

  it("waits for another process, and is free when that was killed", async () => {
    const file = lockFile();
    const child = await holder(file);
    let taken = false;
    const waiting = fileLock(
      file,
      clock,
    )(async () => {
      taken = true;
    });
    await clock.sleep(150);
    expect(taken).toBe(false);
    child.kill("SIGKILL");
    await waiting;
    expect(taken).toBe(true);
  });
});
