/**
 * What a program has written, as the outputs of its step: members of `output.json`, and beside it a folder or a file
 * for each output whose value is no JSON.
 */

import { lstat, readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { ArtifactStore } from "../../contracts/artifacts.ts";
import { messageOf } from "../../core/errors.ts";
import { parseWith } from "../../core/schema.ts";
import { describeValue, isPlainObject } from "../json-value.ts";
import type { Folder } from "../materializers/folder.ts";
import { isMaterializer, type Materializer, type OutputSpec } from "../materializers/materializer.ts";
import { CommandOutputError } from "./errors.ts";

/** What a step declares. */
export interface DeclaredOutputs {
  readonly step: string;
  /** By name; `output` for the one without a name. */
  readonly specs: ReadonlyMap<string, OutputSpec>;
  /** Whether they have names. */
  readonly named: boolean;
}

/** How the file of an output ends, by materializer. */
const ENDINGS: ReadonlyMap<string, string> = new Map([
  ["text", ".txt"],
  ["bytes", ".bin"],
  ["jsonl", ".jsonl"],
  ["typedArray", ".npy"],
  ["arrowTable", ".arrow"],
]);

/**
 * Reads the outputs from `folder`.
 *
 * @returns  what the step's function returns: the value, or values by name
 * @throws {CommandOutputError} when one is missing or not what the step declares
 */
export async function readOutputs(declared: DeclaredOutputs, folder: string): Promise<unknown> {
  const { step, specs, named } = declared;
  const values: Record<string, unknown> = {};
  const inJson: string[] = [];
  for (const [name, spec] of specs) {
    if (isMaterializer(spec) && spec.name === "folder") values[name] = await readFolder(step, join(folder, name));
    else if (isMaterializer(spec) && ENDINGS.has(spec.name))
      values[name] = await readContent(step, spec, join(folder, name));
    else inJson.push(name);
  }
  if (inJson.length > 0) {
    const written = await readJson(step, join(folder, "output.json"));
    Object.assign(values, named ? membersOf(step, written, inJson) : { output: written });
  }
  for (const name of inJson) values[name] = parseOutput(declared, name, values[name]);
  return named ? values : values["output"];
}

async function readFolder(step: string, folder: string): Promise<Folder> {
  const files = new Map<string, Uint8Array>();
  const expected = `a sub-folder of files, ${JSON.stringify(lastOf(folder))}`;
  const found = await lstat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new CommandOutputError(step, `no folder ${lastOf(folder)}`, { expected });
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const file = join(entry.parentPath, entry.name);
    const path = relative(folder, file).split(sep).join("/");
    if (!entry.isFile()) throw new CommandOutputError(step, `${path}, which is no file`, { expected });
    files.set(path, await readFile(file));
  }
  return files;
}

async function readContent(step: string, materializer: Materializer<unknown>, path: string): Promise<unknown> {
  const file = `${path}${ENDINGS.get(materializer.name) ?? ""}`;
  const expected = `the file ${lastOf(file)} with what ${materializer.name}() keeps`;
  const content = await readFile(file).catch((cause: unknown) => {
    throw new CommandOutputError(step, `no file ${lastOf(file)}`, { expected, cause });
  });
  try {
    return await materializer.load(content, NO_ARTIFACTS);
  } catch (cause) {
    throw new CommandOutputError(step, `a file ${lastOf(file)} that cannot be read (${messageOf(cause)})`, {
      expected,
      cause,
    });
  }
}

async function readJson(step: string, file: string): Promise<unknown> {
  const expected = "the output as JSON in output.json";
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new CommandOutputError(step, "no output.json", { expected, cause });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CommandOutputError(step, `an output.json that is no JSON (${messageOf(cause)})`, { expected, cause });
  }
}

function membersOf(step: string, written: unknown, names: readonly string[]): Record<string, unknown> {
  const missing = names.filter((name) => !isPlainObject(written) || !Object.hasOwn(written, name));
  if (isPlainObject(written) && missing.length === 0) {
    return Object.fromEntries(names.map((name) => [name, written[name]]));
  }
  const found = isPlainObject(written)
    ? `an output.json without ${missing.join(", ")}`
    : `${describeValue(written)} as output.json`;
  throw new CommandOutputError(step, found, { expected: `an object with ${names.join(", ")}` });
}

function parseOutput({ step, specs }: DeclaredOutputs, name: string, value: unknown): unknown {
  const spec = specs.get(name);
  if (spec === undefined || isMaterializer(spec)) return value; // a materializer checks what it stores
  try {
    return parseWith(spec, value, `the output ${name}`);
  } catch (cause) {
    throw new CommandOutputError(step, `what its schema refuses: ${messageOf(cause)}`, {
      expected: `${name} as declared`,
      cause,
    });
  }
}

const lastOf = (path: string): string => path.slice(path.lastIndexOf(sep) + 1);

/** Materializers of single files need no other artifacts to be read. */
const NO_ARTIFACTS: ArtifactStore = { put: refuse, get: refuse, has: refuse, delete: refuse };

async function refuse(): Promise<never> {
  throw new TypeError("a file of a program refers to artifacts");
}
