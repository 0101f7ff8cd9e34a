/** Reads that are not repeated: what is asked for again is answered as it was the first time. */

/** A read whose answers are kept by what was asked. */
export function readOnce<T>(read: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const answers = new Map<string, Promise<T>>();
  return (key) => {
    const reading = answers.get(key) ?? read(key);
    answers.set(key, reading);
    return reading;
  };
}
