/** A function that hands out text through a callback, as text that is pulled: what a response body needs. */

/**
 * Runs `run` and yields what it passes to its callback, as it comes; returns what it resolves to and throws what it
 * throws. Nothing runs before the first pull.
 */
export async function* piecesOf<T>(
  run: (onText: (piece: string) => void) => Promise<T>,
): AsyncGenerator<string, T, void> {
  const queue: string[] = [];
  let wake = (): void => undefined;
  let done = false;
  const running = run((piece) => {
    queue.push(piece);
    wake();
  }).finally(() => {
    done = true;
    wake();
  });
  // The failure is thrown below, where it is awaited; it must not count as unhandled before.
  running.catch(() => undefined);
  for (;;) {
    const piece = queue.shift();
    if (piece !== undefined) yield piece;
    else if (done) return await running;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
}
