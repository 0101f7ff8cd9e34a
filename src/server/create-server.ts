/** The server: the app on a socket, on this machine only unless told otherwise, closed without cutting replies short. */

import { createServer as createHttpServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { createApp } from "./create-app.ts";
import { ServerAddressError, ServerKeyMissingError } from "./errors.ts";
import { isLoopback } from "./guard.ts";
import type { ServerPorts } from "./ports.ts";
import { createVoiceTurns } from "./voice-turns.ts";

/** What the server is handed, where it listens and what it allows. */
export interface ServerOptions extends ServerPorts {
  /** Default 127.0.0.1. Any address that other machines reach needs an API key. */
  readonly host?: string;
  /** Default 8080; 0 takes a free one. */
  readonly port?: number;
  /** Asked for in every request but `GET /health`, as `Authorization: Bearer <key>`. */
  readonly apiKey?: string | undefined;
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number;
  /** After which a generation is stopped. Default 10 minutes. */
  readonly requestTimeoutMs?: number;
  /** How long `close` lets replies go on. Default 10 seconds. */
  readonly closeTimeoutMs?: number;
}

/** A server that listens. */
export interface RunningServer {
  /** For example `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no more requests, lets those under way end or stops them after the time limit, and closes the voices. */
  close(): Promise<void>;
}

/**
 * Starts the server.
 *
 * @throws {ServerKeyMissingError} for an address that is not loopback, without a key
 * @throws {ServerAddressError} when the address cannot be listened on
 */
export async function createServer(options: ServerOptions): Promise<RunningServer> {
  const { host = "127.0.0.1", port = 8080, closeTimeoutMs = 10_000 } = options;
  const apiKey = options.apiKey || undefined;
  if (!isLoopback(host) && !apiKey) throw new ServerKeyMissingError(host);
  const closing = new AbortController();
  const turns = createVoiceTurns(options.voices);
  const app = createApp({
    ports: options,
    turns,
    host,
    apiKey,
    maxBodyBytes: options.maxBodyBytes ?? 2 ** 20,
    requestTimeoutMs: options.requestTimeoutMs ?? 600_000,
    closing: closing.signal,
  });
  const server = createHttpServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  await listen(server, host, port);
  const { port: bound } = server.address() as AddressInfo; // a listening TCP server has one
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const ended = new AbortController();
      const limit = options.clock.sleep(closeTimeoutMs, ended.signal).then(
        () => {
          closing.abort();
          server.closeAllConnections();
        },
        () => undefined,
      );
      await closed;
      ended.abort();
      await limit;
      await turns.close();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(new ServerAddressError(host, port, cause)));
    server.listen(port, host, resolve);
  });
}
