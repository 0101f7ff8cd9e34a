/** A proxy before a server that notes every request, and can answer in the server's place or change what is asked. */

import { createServer, type IncomingMessage, request } from "node:http";

export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

/** `undefined` passes the request on; a status answers it; a URL asks for that instead; `reset` drops the connection. */
export type Spoil = (
  request: ProxiedRequest,
) => { status: number; body?: string } | { url: string } | "reset" | undefined;

export interface SpoilingProxy {
  readonly endpoint: string;
  readonly requests: ProxiedRequest[];
  stop(): void;
}

/** Starts one before `endpoint`. */
export async function startSpoilingProxy(endpoint: string, spoil: Spoil): Promise<SpoilingProxy> {
  const requests: ProxiedRequest[] = [];
  const server = createServer((incoming, answer) => {
    const asked = { method: incoming.method ?? "", url: incoming.url ?? "", headers: incoming.headers };
    requests.push(asked);
    const spoilt = spoil(asked);
    if (spoilt === "reset") return void incoming.socket.destroy();
    if (spoilt !== undefined && "status" in spoilt) {
      incoming.resume().on("end", () => answer.writeHead(spoilt.status).end(spoilt.body));
      return;
    }
    const url = new URL(spoilt?.url ?? asked.url, endpoint);
    const onward = request(url, { method: asked.method, headers: incoming.headers }, (given) => {
      answer.writeHead(given.statusCode ?? 500, given.headers);
      given.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the proxy has no port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
