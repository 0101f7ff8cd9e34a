/**
 * Whether a run does anything: how many things are under way that do not only wait. A run that is idle while
 * something is waited for can let its process go.
 */

/** How long nothing must have happened. Replaying a run costs more than this, so it is not done for a blink. */
const IDLE_AFTER_MS = 150;

export interface Activity {
  /** The run is not idle until `work` has settled. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Stops looking. */
  close(): void;
}

/** Calls `onIdle` whenever nothing has been under way for a while; before anything was, never. */
export function createActivity(onIdle: () => void): Activity {
  let busyCount = 0;
  let timer: NodeJS.Timeout | undefined;
  const leave = (): void => {
    busyCount--;
    if (busyCount === 0) timer = setTimeout(onIdle, IDLE_AFTER_MS);
  };
  return {
    during(work) {
      busyCount++;
      clearTimeout(timer);
      work.then(leave, leave);
      return work;
    },
    close: () => clearTimeout(timer),
  };
}
