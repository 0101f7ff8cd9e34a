/**
 * Which process this is, and which others still live. On one machine it is asked for pid, start time and boot; across
 * machines that share a database, what a process holds in that database as long as it lives.
 */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { ProcessIdentity } from "../../contracts/runs.ts";

/** Processes, as far as a journal needs them. */
export interface Liveness {
  self(): ProcessIdentity;
  /** Of these, in their order: does each live? */
  alive(identities: readonly ProcessIdentity[]): Promise<readonly boolean[]>;
}

/** A session in a shared database: it ends when its process does. */
export interface SharedSession {
  readonly key: string;
  isAlive(keys: readonly string[]): Promise<ReadonlySet<string>>;
}

/** The processes of this machine; those that have a session are asked for there, wherever they run. */
export function systemLiveness(session?: SharedSession): Liveness {
  const bootId = readBootId();
  const identify = (pid: number): ProcessIdentity | undefined => {
    const startTime = readStartTime(pid);
    return startTime === undefined ? undefined : { ...known, pid, startTime };
  };
  const known = { bootId, host: hostname(), session: session?.key ?? null };
  const livesHere = ({ pid, startTime, bootId: boot }: ProcessIdentity): boolean =>
    boot === bootId && identify(pid)?.startTime === startTime;
  const self = identify(process.pid) ?? { ...known, pid: process.pid, startTime: "" };
  return {
    self: () => self,
    async alive(identities) {
      const keys = identities.flatMap((identity) => identity.session ?? []);
      const held = session && keys.length > 0 ? await session.isAlive(keys) : new Set<string>();
      return identities.map((identity) => {
        return identity.session === null || session === undefined ? livesHere(identity) : held.has(identity.session);
      });
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
