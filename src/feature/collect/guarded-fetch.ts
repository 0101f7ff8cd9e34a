/**
 * A fetch that cannot be led inside: the address that a host's name resolves to is checked by the connection itself,
 * so what was checked is what is connected to. It follows no redirects; the caller does, and each is checked again.
 */

import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { pipeline, Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { LinkAddressRefusedError } from "../errors.ts";
import { isPrivateAddress } from "./private-address.ts";

/** The part of `fetch` that collecting needs. */
export type PageFetch = (
  url: URL,
  init: { readonly headers: Record<string, string>; readonly redirect: "manual"; readonly signal: AbortSignal },
) => Promise<Response>;

/** Which private hosts may be reached, and how names are resolved. */
export interface GuardedFetchOptions {
  /** Hosts that may be at a private address: `localhost`, `wiki.example`, or with a port `127.0.0.1:8080`. */
  readonly allowedHosts?: readonly string[];
  /** How names are resolved; the system's resolver by default. */
  readonly lookup?: (host: string, found: (error: Error | null, addresses: LookupAddress[]) => void) => void;
}

/** Connects only to public addresses and allowed hosts; rejects with {@link LinkAddressRefusedError} otherwise. */
export function guardedFetch({ allowedHosts = [], lookup = lookupAll }: GuardedFetchOptions = {}): PageFetch {
  return async (url, { headers, signal }) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const isAllowed = allowedHosts.includes(host) || allowedHosts.includes(url.host);
    if (!isAllowed && isIP(host) && isPrivateAddress(host)) throw new LinkAddressRefusedError(host, host);
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = url.protocol === "https:" ? httpsRequest : httpRequest;
      const options = {
        headers: { "accept-encoding": "gzip, deflate, br", ...headers },
        signal,
        agent: false as const,
      };
      send(url, { ...options, lookup: checkedLookup(lookup, isAllowed) }, resolve)
        .on("error", reject)
        .end();
    });
    return toResponse(message);
  };
}

function lookupAll(host: string, found: (error: Error | null, addresses: LookupAddress[]) => void): void {
  systemLookup(host, { all: true }, found);
}

/** Refuses a name when any of its addresses is private. */
function checkedLookup(lookup: NonNullable<GuardedFetchOptions["lookup"]>, isAllowed: boolean): LookupFunction {
  return (host, { all }, done) =>
    lookup(host, (error, addresses) => {
      const refused = isAllowed ? undefined : addresses?.find(({ address }) => isPrivateAddress(address));
      const [first] = addresses ?? [];
      if (error) done(error, "");
      else if (refused) done(new LinkAddressRefusedError(host, refused.address), "");
      else if (first === undefined) done(new Error(`no address for ${host}`), "");
      else if (all) done(null, addresses);
      else done(null, first.address, first.family);
    });
}

function toResponse(message: IncomingMessage): Response {
  const { statusCode: status = 502, headers } = message;
  const body = decompressed(message, headers["content-encoding"]);
  const hasBody = status !== 204 && status !== 205 && status !== 304;
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each): [string, string] => [name, each]),
  );
  return new Response(hasBody ? Readable.toWeb(body) : null, { status, headers: entries });
}

function decompressed(message: IncomingMessage, encoding: string | undefined): Readable {
  const decoder =
    encoding === "gzip" || encoding === "x-gzip"
      ? createGunzip()
      : encoding === "br"
        ? createBrotliDecompress()
        : encoding === "deflate"
          ? createInflate()
          : undefined;
  if (!decoder) return message;
  pipeline(message, decoder, () => undefined); // ends both when either fails or is left; the reader sees the error
  return decoder;
}
