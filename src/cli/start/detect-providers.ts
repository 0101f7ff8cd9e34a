/**
 * Which model that follows instructions could be used here, and how. Only looks: a connection to two
 * loopback ports and the names of two variables. Nothing is asked of any model.
 */

import { connect } from "node:net";

/** A provider that was found, and the command that would use it. */
export interface FoundProvider {
  readonly name: string;
  readonly use: string;
}

export interface DetectProvidersOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether something listens on a loopback port; by default a connection is tried. */
  readonly listens?: (port: number) => Promise<boolean>;
}

const LOCAL = [
  { name: "Ollama", port: 11434, model: "llama3.2" },
  { name: "LM Studio", port: 1234, model: "the-model-you-loaded" },
];
const KEYS = [{ name: "OpenAI", variable: "OPENAI_API_KEY", url: "https://api.openai.com/v1", model: "gpt-4o-mini" }];

/** Looks for local model servers and keys. */
export async function detectProviders({ env, listens = tryPort }: DetectProvidersOptions): Promise<FoundProvider[]> {
  const open = await Promise.all(LOCAL.map(({ port }) => listens(port)));
  const local = LOCAL.filter((_, i) => open[i]).map(({ name, port, model }) => ({
    name: `${name} listens on port ${port}`,
    use: `TRILITH_MODEL_URL=http://127.0.0.1:${port}/v1 TRILITH_MODEL=${model}`,
  }));
  const keys = KEYS.filter(({ variable }) => (env[variable] ?? "") !== "").map(({ name, variable, url, model }) => ({
    name: `${variable} is set (${name})`,
    use: `TRILITH_MODEL_URL=${url} TRILITH_MODEL=${model}`,
  }));
  return [...local, ...keys];
}

function tryPort(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", timeout: 200 });
    const done = (open: boolean) => (): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", done(true)).once("error", done(false)).once("timeout", done(false));
  });
}
