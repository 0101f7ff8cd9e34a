/** One request at a time on a host, and a pause between two. */

import type { Clock } from "../../core/clock.ts";

/** Lets the work of a host through, one after the other. */
export interface HostGate {
  /** Runs `work` when the host's earlier work has ended and `delayMs` have gone by since. */
  enter<T>(host: string, delayMs: number, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export function createHostGate(clock: Clock): HostGate {
  const queues = new Map<string, Promise<unknown>>();
  const endedAt = new Map<string, number>();
  const wait = async (host: string, delayMs: number, signal?: AbortSignal): Promise<void> => {
    const leftMs = (endedAt.get(host) ?? Number.NEGATIVE_INFINITY) + delayMs - clock.now();
    if (leftMs > 0) await clock.sleep(leftMs, signal);
    signal?.throwIfAborted();
  };
  return {
    async enter(host, delayMs, work, signal) {
      const before = queues.get(host) ?? Promise.resolve();
      const turn = before
        .then(() => wait(host, delayMs, signal))
        .then(work)
        .finally(() => endedAt.set(host, clock.now()));
      queues.set(
        host,
        turn.catch(() => undefined), // its caller sees the failure; who comes next only waits
      );
      return turn;
    },
  };
}
