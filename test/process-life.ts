/** Whether a process lives. One that has ended and that nobody has asked about is still listed: it does not. */

import { readFileSync } from "node:fs";

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return process.platform !== "linux"; // elsewhere there is no such file; on Linux it has just ended
  }
}
