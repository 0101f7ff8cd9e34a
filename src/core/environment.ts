/** The environment of this process as a thing that is handed on: to programs that need what it has. */

/** The process's environment variables, copied. */
export function processEnvironment(): Record<string, string> {
  const set = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(set);
}
