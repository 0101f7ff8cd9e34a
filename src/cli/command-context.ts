/** What the command line hands to each command. */

import type { Terminal } from "./terminal.ts";

/** What every command is handed. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** The workspace's folder, when the command line names one. */
  readonly workspaceFolder: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts on the first Ctrl-C; the second ends the process. */
  readonly signal: AbortSignal;
}
