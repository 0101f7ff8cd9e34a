/**
 * How commands speak: results to standard output, everything else to standard error, one live line
 * at the bottom where there is a terminal, plain lines where there is none.
 */

/** Where a command writes. */
export interface Terminal {
  readonly json: boolean;
  /** Whether a person is watching standard error. */
  readonly live: boolean;
  readonly color: Palette;
  /** A line of the result. */
  print(line: string): void;
  /** A piece of the result, which others follow on the same line. */
  printPiece(text: string): void;
  /** The result as JSON, when `--json` was given. */
  printJson(value: unknown): void;
  /** A line about the work. */
  note(line: string): void;
  /** Replaces the live line; nothing where there is no terminal. An empty line takes it away. */
  status(line: string): void;
}

export interface Palette {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

const same = (text: string): string => text;
/** Leaves every text as it is. */
export const plainPalette: Palette = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

export interface TerminalOptions {
  readonly json: boolean;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A terminal over two streams. Colour is off with NO_COLOR, with `--json` and without a terminal. */
export function createTerminal({ json, stdout, stderr, env }: TerminalOptions): Terminal {
  const live = stderr.isTTY === true && env["TERM"] !== "dumb" && env["CI"] === undefined;
  const colored = (stdout.isTTY === true || env["FORCE_COLOR"] !== undefined) && env["NO_COLOR"] === undefined && !json;
  let status = "";
  const clear = (): void => {
    if (status !== "") stderr.write("\r\u001B[2K");
  };
  const draw = (): void => {
    if (status !== "") stderr.write(cut(status, stderr.columns ?? 80));
  };
  return {
    json,
    live,
    color: palette(colored),
    print(line) {
      if (json) return;
      clear();
      stdout.write(`${line}\n`);
      draw();
    },
    printPiece(text) {
      if (!json) stdout.write(text);
    },
    printJson(value) {
      if (json) stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
    },
    note(line) {
      clear();
      stderr.write(`${line}\n`);
      draw();
    },
    status(line) {
      if (!live) return;
      clear();
      status = line;
      draw();
    },
  };
}

function palette(on: boolean): Palette {
  const style = (code: number) => (text: string) => (on ? `\u001B[${code}m${text}\u001B[0m` : text);
  return { bold: style(1), dim: style(2), red: style(31), green: style(32), yellow: style(33), cyan: style(36) };
}

/** Cuts a line to the width of the terminal, so that it never wraps. */
function cut(line: string, columns: number): string {
  return line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`;
}

/** A bar of 24 cells for `done` of `total`. */
export function bar(done: number, total: number): string {
  const filled = total > 0 ? Math.round((24 * Math.min(done, total)) / total) : 0;
  return `${"█".repeat(filled)}${"░".repeat(24 - filled)}`;
}

/** Rows as aligned columns under a heading; numbers to the right. */
export function table(heading: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const cells = [heading, ...rows.map((row) => row.map(String))];
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const isNumber = (column: number): boolean => rows.length > 0 && rows.every((row) => typeof row[column] === "number");
  return cells.map((row) =>
    row
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
