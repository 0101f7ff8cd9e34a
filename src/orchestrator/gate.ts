/** Gates: how many may be inside at once, and one at a time by key. */

/** Lets up to `limit` callers in; resolves to what lets the next one in. */
export type Gate = () => Promise<() => void>;

export function createGate(limit: number): Gate {
  let free = limit;
  const queue: (() => void)[] = [];
  const leave = (): void => {
    const next = queue.shift();
    if (next) next();
    else free++;
  };
  return async () => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => queue.push(resolve));
    return leave;
  };
}

/** Runs bodies of one key one after the other, in order of arrival. */
export function createKeyLock(): <T>(key: string, body: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, body) => {
    const before = tails.get(key);
    const done = Promise.withResolvers<void>();
    tails.set(key, done.promise);
    try {
      await before;
      return await body();
    } finally {
      if (tails.get(key) === done.promise) tails.delete(key);
      done.resolve();
    }
  };
}
