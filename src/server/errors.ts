/** What can be wrong with starting the server, and with a request to it. */

import { messageOf, TrilithError } from "../core/errors.ts";

/** Thrown when the server should be reachable from elsewhere and has no key to ask for. */
export class ServerKeyMissingError extends TrilithError {
  override readonly code = "server-key-missing";
  override readonly usage = true;

  constructor(host: string) {
    super(
      `The server was told to listen on ${host}, which other machines can reach, without an API key; ` +
        "expected a key, or a loopback address. Give an API key (the command line reads TRILITH_API_KEY), or listen on 127.0.0.1.",
    );
  }
}

/** Thrown when the address cannot be listened on. */
export class ServerAddressError extends TrilithError {
  override readonly code = "server-address";
  override readonly usage = true;

  constructor(host: string, port: number, cause: unknown) {
    super(
      `The server cannot listen on ${host}:${port} (${messageOf(cause)}); expected a free port on an address of this machine. ` +
        "Choose another port, or stop what uses it.",
      { cause },
    );
  }
}

/** Thrown for a request that is answered with an error; `status`, `type` and `param` are what OpenAI's API gives. */
export class RequestError extends TrilithError {
  override readonly code = "request-refused";
  override readonly usage = true;
  readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 415;
  readonly type: string;
  readonly param: string | null;
  /** The code in the reply, for example `model_not_found`. */
  readonly replyCode: string | null;

  constructor(
    status: RequestError["status"],
    message: string,
    {
      type = "invalid_request_error",
      param = null,
      replyCode = null,
    }: Partial<Pick<RequestError, "type" | "param" | "replyCode">> = {},
  ) {
    super(message);
    this.status = status;
    this.type = type;
    this.param = param;
    this.replyCode = replyCode;
  }
}
