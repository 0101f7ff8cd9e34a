/**
 * What a run waits for: a time, an event, an approval. While something else runs, it is waited for here; when nothing
 * does, the run is suspended and its process may end. What came is kept as an artifact, like any output.
 */

import type { SignalRecord } from "../../contracts/runs.ts";
import type { Clock } from "../../core/clock.ts";
import type { JsonValue } from "../../core/json.ts";

/** What a wait is called through. */
export type WaitRequest =
  | { readonly kind: "sleep"; readonly ms: number }
  | { readonly kind: "event"; readonly name: string }
  | { readonly kind: "approval"; readonly question: string };

interface OpenWait {
  readonly kind: WaitRequest["kind"];
  readonly name: string;
  /** Which of the signals of that name; counts from 0. */
  readonly ordinal: number;
  readonly dueAtMs: number | null;
  resolve(value: JsonValue): void;
}

/** Sleeps that end sooner than this are slept here, with the process kept. */
const SLEPT_HERE_MS = 10_000;

export class Waits {
  readonly #open = new Set<OpenWait>();
  readonly #clock: Clock;
  #signals: readonly SignalRecord[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get signalCount(): number {
    return this.#signals.length;
  }

  /** What is waited for, for people. */
  get names(): string[] {
    return [...this.#open].map(({ kind, name }) => (name === "" ? kind : `${kind} ${JSON.stringify(name)}`));
  }

  /** When the first open sleep ends; `null` when none is open. */
  get wakeAtMs(): number | null {
    const times = [...this.#open].flatMap(({ dueAtMs }) => dueAtMs ?? []);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Whether the run could be given up now: something is waited for, and not only for a moment. */
  get maySuspend(): boolean {
    if (this.#open.size === 0) return false;
    const { wakeAtMs } = this;
    return wakeAtMs === null || wakeAtMs - this.#clock.now() > SLEPT_HERE_MS;
  }

  /** Takes the signals of the run that there are, all of them. */
  hear(signals: readonly SignalRecord[]): void {
    this.#signals = signals;
    for (const wait of this.#open) this.#look(wait);
  }

  /** Resolves with what came, or never; rejects when `signal` aborts. */
  async until(wait: Omit<OpenWait, "resolve">, signal: AbortSignal): Promise<JsonValue> {
    const { promise, resolve, reject } = Promise.withResolvers<JsonValue>();
    const open = { ...wait, resolve };
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    this.#open.add(open);
    this.#look(open);
    if (wait.dueAtMs !== null && wait.dueAtMs - this.#clock.now() <= SLEPT_HERE_MS) {
      void this.#clock.sleep(Math.max(0, wait.dueAtMs - this.#clock.now()), signal).then(
        () => resolve(null),
        () => undefined,
      );
    }
    try {
      return await promise;
    } finally {
      this.#open.delete(open);
      signal.removeEventListener("abort", abort);
    }
  }

  #look({ kind, name, ordinal, resolve, dueAtMs }: OpenWait): void {
    if (dueAtMs !== null && dueAtMs <= this.#clock.now()) resolve(null);
    if (kind === "sleep") return;
    const said = this.#signals.filter((signal) => signal.name === signalName(kind, name))[ordinal];
    if (said) resolve(said.value);
  }
}

/** What a signal for a wait is called in the journal: events and approvals do not answer each other. */
export function signalName(kind: "event" | "approval", name: string): string {
  return `${kind}:${name}`;
}
