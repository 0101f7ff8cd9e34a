/**
 * One PostgreSQL for a whole run of tests, started when the first test asks for it and stopped at the end, however the
 * tests went. Tests ask over a small HTTP server here: a run that needs no database waits for nothing.
 */

import { once } from "node:events";
import { createServer } from "node:http";
import type { TestProject } from "vitest/node";
import { type RunningServer, startServer } from "./server.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Answers with the URL of the run's PostgreSQL. */
    postgresUrl: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let running: Promise<RunningServer> | undefined;
  const door = createServer((_, response) => {
    running ??= startServer();
    running.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(reasons(error)),
    );
  }).listen(0, "127.0.0.1");
  await once(door, "listening");
  const address = door.address();
  if (typeof address !== "object" || address === null) throw new TypeError("The door to PostgreSQL has no port");
  project.provide("postgresUrl", `http://127.0.0.1:${address.port}`);
  return async () => {
    door.close();
    door.closeAllConnections();
    await (await running?.catch(() => undefined))?.stop();
  };
}

const reasons = (error: unknown): string =>
  error instanceof AggregateError ? [error.message, ...error.errors.map(String)].join("\n") : String(error);
