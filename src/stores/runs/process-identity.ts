/** Which process this is, and whether another still lives. A pid is used again; with start time and boot it is not. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { ProcessIdentity } from "../../contracts/runs.ts";

/** The machine's processes, as far as a journal needs them. */
export interface Processes {
  self(): ProcessIdentity;
  isAlive(identity: ProcessIdentity): boolean;
}

/** The processes of this machine. */
export function systemProcesses(): Processes {
  const bootId = readBootId();
  const identify = (pid: number): ProcessIdentity | undefined => {
    const startTime = readStartTime(pid);
    return startTime === undefined ? undefined : { pid, startTime, bootId };
  };
  return {
    self: () => identify(process.pid) ?? { pid: process.pid, startTime: "", bootId },
    isAlive(identity) {
      const found = identify(identity.pid);
      return found?.startTime === identity.startTime && found.bootId === identity.bootId;
    },
  };
}

/**
 * On Linux field 22 of `/proc/<pid>/stat`, in clock ticks since boot; elsewhere what `ps` prints.
 *
 * @source proc_pid_stat(5): the name in field 2 may contain spaces and parentheses, so fields are counted after the last ")"
 */
function readStartTime(pid: number): string | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  if (stat === undefined) {
    return process.platform === "linux"
      ? undefined
      : attempt(() => command("ps", ["-o", "lstart=", "-p", String(pid)]));
  }
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" ? undefined : fields[18]; // a zombie has ended; state is field 3, so field 22 is 18 further on
}

function readBootId(): string {
  return (
    attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()) ??
    attempt(() => command("sysctl", ["-n", "kern.boottime"])) ??
    ""
  );
}

function command(file: string, args: string[]): string {
  return execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}

/** What `read` gives, or `undefined` where the machine does not have it: absence is an answer here. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
