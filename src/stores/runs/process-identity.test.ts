import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ProcessIdentity } from "../../contracts/runs.ts";
import { systemProcesses } from "./process-identity.ts";

describe("the machine's processes", () => {
  const processes = systemProcesses();

  it("know this one, and tell it from an earlier one of the same pid, also of an earlier boot", () => {
    const self = processes.self();
    expect(self.pid).toBe(process.pid);
    expect(processes.isAlive(self)).toBe(true);
    expect(processes.isAlive({ ...self, startTime: "0" })).toBe(false);
    expect(processes.isAlive({ ...self, bootId: "another" })).toBe(false);
  });

  it("know that another lives, and that it is gone when it was killed", async () => {
    const module = JSON.stringify(join(import.meta.dirname, "process-identity.ts"));
    const program = `import { systemProcesses } from ${module}; console.log(JSON.stringify(systemProcesses().self())); setInterval(() => 0, 1000);`;
    const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", program]);
    const [text] = await once(child.stdout, "data");
    const other: ProcessIdentity = JSON.parse(String(text));
    expect([other.pid, processes.isAlive(other)]).toEqual([child.pid, true]);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(processes.isAlive(other)).toBe(false);
  });
});
