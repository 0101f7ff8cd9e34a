/** What the server is handed: everything that it does is done through these. */

import type { Author } from "../contracts/documents.ts";
import type { Logger } from "../contracts/logger.ts";
import type { VoiceModel } from "../contracts/models.ts";
import type { Clock } from "../core/clock.ts";
import type { AnswerQuestion } from "../inference/index.ts";
import type { RunsPort } from "./runs-api.ts";

/** The voices that have been trained. */
export interface VoiceSource {
  /** At most one an author. `version` changes whenever `open` would open another model. */
  list(): Promise<readonly { readonly author: Author; readonly version: string }[]>;
  /** Opens the author's voice; the server keeps it and closes it. */
  open(author: Author): Promise<VoiceModel>;
}

/** What answers requests. */
export interface ServerPorts {
  readonly answer: AnswerQuestion;
  listAuthors(): Promise<readonly Author[]>;
  readonly voices: VoiceSource;
  /** The HTML of the last report; `undefined` before there is one. */
  report(): Promise<string | undefined>;
  /** For the usage counts of replies. */
  countTokens(text: string): number;
  /** Runs of pipelines over HTTP; without it there are no such routes. */
  readonly runs?: RunsPort;
  readonly clock: Clock;
  readonly log: Logger;
}
