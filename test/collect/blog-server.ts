/** A blog on this machine that answers as real ones do, with validators, and says what it was asked. */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly path: string;
  readonly status: number;
  /** Of the body as it was sent. */
  readonly bytes: number;
}

export interface BlogServer {
  readonly host: string;
  readonly home: string;
  /** What is at each path: a page that is set again has changed, one that is deleted is gone. */
  readonly pages: Map<string, string | Uint8Array>;
  readonly asked: Asked[];
  close(): void;
}

/** Starts the blog; `wait` is asked before each answer. */
export async function startBlog(wait: (path: string) => Promise<void> = async () => undefined): Promise<BlogServer> {
  const pages = new Map<string, string | Uint8Array>();
  const asked: Asked[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? "/";
    await wait(path);
    const page = pages.get(path);
    const send = (status: number, headers: Record<string, string>, body: string | Uint8Array): void => {
      asked.push({ path, status, bytes: body.length });
      response.writeHead(status, headers).end(body);
    };
    if (page === undefined) return send(404, {}, "");
    const etag = `"${createHash("sha256").update(page).digest("hex").slice(0, 12)}"`;
    if (request.headers["if-none-match"] === etag) return send(304, { etag }, "");
    send(200, { etag, "content-type": mediaOf(path) }, page);
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
  return {
    host,
    home: `http://${host}/`,
    pages,
    asked,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function mediaOf(path: string): string {
  if (path.endsWith(".txt")) return "text/plain";
  if (path.endsWith(".gz")) return "application/gzip";
  return /\.xml|feed/.test(path) ? "application/xml" : "text/html; charset=utf-8";
}

/** A page with an article that is its own. */
export const postPage = (title: string, more = ""): string =>
  `<!doctype html><html lang="en"><head><title>${title}</title></head><body><nav><a href="/about">About</a></nav>
  <article><h1>${title}</h1>${[1, 2, 3].map((i) => `<p>${proseOf(title, i)}</p>`).join("")}${more}</article></body></html>`;

export const proseOf = (title: string, i: number): string =>
  `In part ${i} of ${title} I don’t claim to know better than you, but I have kneaded a lot of dough, and it’s told me ` +
  "a few things that no book did: that water is patient, that flour is not, and that hurry is a kind of salt.";
