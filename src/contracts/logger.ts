/** Structured log lines, for whoever listens: a terminal, a file, the journal. */

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A logger that hands every line to `write`. */
export function createLogger(write: (level: LogLevel, message: string, fields: LogFields) => void): Logger {
  const line =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void =>
      write(level, message, fields);
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}

/** A logger that drops every line. */
export const silentLogger: Logger = createLogger(() => undefined);
