/** One request at a time on a host, and a pause between two. */

import type { Clock } from "../../core/clock.ts";

/** Lets the work of a host through, one after the other. */
export interface HostGate {
  /** Runs `work` when the host's earlier work has ended and the turn's `delayMs` have gone by since. */
  enter<T>(turn: HostTurn, work: () => Promise<T>): Promise<T>;
}

export interface HostTurn {
  readonly host: string;
  readonly delayMs: number;
  readonly signal?: AbortSignal | undefined;
}

export function createHostGate(clock: Clock): HostGate {
  const queues = new Map<string, Promise<unknown>>();
  const endedAt = new Map<string, number>();
  const wait = async ({ host, delayMs, signal }: HostTurn): Promise<void> => {
    const leftMs = (endedAt.get(host) ?? Number.NEGATIVE_INFINITY) + delayMs - clock.now();
    if (leftMs > 0) await clock.sleep(leftMs, signal);
    signal?.throwIfAborted();
  };
  return {
    async enter(turn, work) {
      const { host } = turn;
      const before = queues.get(host) ?? Promise.resolve();
      const done = before
        .then(() => wait(turn))
        .then(work)
        .finally(() => endedAt.set(host, clock.now()));
      queues.set(
        host,
        done.catch(() => undefined), // its caller sees the failure; who comes next only waits
      );
      return done;
    },
  };
}
