import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ProcessIdentity } from "../../contracts/runs.ts";
import { systemLiveness } from "./liveness.ts";

describe("the machine's processes", () => {
  const liveness = systemLiveness();

  it("know this one, and tell it from an earlier one of the same pid, also of an earlier boot", async () => {
    const self = liveness.self();
    expect(self.pid).toBe(process.pid);
    const others = [self, { ...self, startTime: "0" }, { ...self, bootId: "another" }];
    expect(await liveness.alive(others)).toEqual([true, false, false]);
  });

  it("know that another lives, and that it is gone when it was killed", async () => {
    const module = JSON.stringify(join(import.meta.dirname, "liveness.ts"));
    const program = `import { systemLiveness } from ${module}; console.log(JSON.stringify(systemLiveness().self())); setInterval(() => 0, 1000);`;
    const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", program]);
    const [text] = await once(child.stdout, "data");
    const other: ProcessIdentity = JSON.parse(String(text));
    expect([other.pid, await liveness.alive([other])]).toEqual([child.pid, [true]]);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await liveness.alive([other])).toEqual([false]);
  });

  it("asks the shared database for those that have a session there, wherever they run", async () => {
    const shared = systemLiveness({ key: "mine", isAlive: async () => new Set(["theirs"]) });
    const elsewhere = { pid: 1, startTime: "1", bootId: "elsewhere", host: "other", session: "theirs" };
    expect(shared.self().session).toBe("mine");
    expect(await shared.alive([elsewhere, { ...elsewhere, session: "gone" }])).toEqual([true, false]);
  });
});
