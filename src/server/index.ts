/** Door of the server room: answers and voices over HTTP, as OpenAI's clients ask for them. */

export { createServer, type RunningServer, type ServerOptions } from "./create-server.ts";
export { RequestError, ServerAddressError, ServerKeyMissingError } from "./errors.ts";
export type { ServerPorts, VoiceSource } from "./ports.ts";
export type { RunsPort } from "./runs-api.ts";
