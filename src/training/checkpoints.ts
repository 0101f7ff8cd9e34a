/**
 * What a training run needs to go on after it was killed, in files that are whole or not there: each is written beside
 * its place, forced to the disk, and renamed; a checksum at its end tells what a disk has spoilt since.
 *
 * Layout: 8 bytes of `MAGIC`, the header's length (uint32), the header as JSON, the arrays' numbers, 32 bytes of SHA-256.
 */

import { createHash, type Hash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { messageOf } from "../core/errors.ts";
import { CheckpointDamagedError, CheckpointMissingError, CheckpointWriteError } from "./errors.ts";

/** A moment of a run. */
export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  /** Parameters, the optimizer's memory, the best parameters: by name. */
  readonly arrays: Readonly<Record<string, Float32Array>>;
  /** What else there is to remember, as JSON: the random generator's state, the best loss, counters. */
  readonly facts: unknown;
}

/** The checkpoints of one run. */
export interface Checkpoints {
  readonly folder: string;
  /**
   * The newest that is whole; damaged ones are told to `onDamaged` and passed over.
   *
   * @throws {CheckpointMissingError} when there should be one of another run, and is none
   */
  latest(): Promise<TrainingState | undefined>;
  /**
   * Writes one and removes all but the newest `keep`. Its arrays must not change until this has resolved.
   *
   * @throws {CheckpointWriteError} when the disk is full or refuses; the earlier checkpoints are then still there
   */
  save(state: TrainingState): Promise<void>;
  /** Removes them all: the run has come to its end. */
  clear(): Promise<void>;
}

/** Where they are, and how many. */
export interface CheckpointsOptions {
  /** Belongs to this run alone; made when absent. */
  readonly folder: string;
  /** Default 2. */
  readonly keep?: number;
  /** Checkpoints of another run, to go on from while there are none of this one. */
  readonly from?: string;
  readonly onDamaged?: (error: CheckpointDamagedError) => void;
}

const MAGIC = "TRILCKP1";
const NAME = /^step-(\d{9})\.checkpoint$/;
const PARTIAL = /\.(\d+)\.partial$/;
const DIGEST_BYTES = 32;
const PIECE_BYTES = 16 * 1024 * 1024;

const Header = z.object({
  step: z.int().nonnegative(),
  arrays: z.array(z.object({ name: z.string(), length: z.int().nonnegative() })),
  facts: z.unknown(),
});

/** Opens the folder, and removes from it what dead processes left half-written. */
export async function openCheckpoints(options: CheckpointsOptions): Promise<Checkpoints> {
  const { folder, keep = 2, from } = options;
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    const pid = PARTIAL.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(folder, name), { force: true });
  }
  return {
    folder,
    async latest() {
      const own = await newestIn(folder, options);
      if (own !== undefined || from === undefined) return own;
      const other = await newestIn(from, options);
      if (other === undefined) throw new CheckpointMissingError(from);
      return other;
    },
    async save(state) {
      const path = pathIn(folder, state.step);
      const partial = `${path}.${process.pid}.partial`;
      try {
        await writeState(partial, state);
        await rename(partial, path);
        await syncFolder(folder);
      } catch (error) {
        await rm(partial, { force: true });
        const [last] = await stepsIn(folder);
        throw new CheckpointWriteError({ folder, step: state.step, lastStep: last, reason: messageOf(error) }, error);
      }
      for (const old of (await stepsIn(folder)).slice(keep)) await rm(pathIn(folder, old), { force: true });
    },
    clear: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Steps of the checkpoints in a folder, the newest first; none where there is no such folder. */
async function stepsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

const pathIn = (folder: string, step: number): string =>
  join(folder, `step-${String(step).padStart(9, "0")}.checkpoint`);

async function newestIn(
  folder: string,
  { onDamaged }: Pick<CheckpointsOptions, "onDamaged">,
): Promise<TrainingState | undefined> {
  for (const step of await stepsIn(folder)) {
    try {
      return await readState(pathIn(folder, step));
    } catch (error) {
      if (!(error instanceof CheckpointDamagedError)) throw error;
      onDamaged?.(error);
    }
  }
  return undefined;
}

async function writeState(path: string, { step, arrays, facts }: TrainingState): Promise<void> {
  const entries = Object.entries(arrays);
  const described = entries.map(([name, { length }]) => ({ name, length }));
  const header = Buffer.from(JSON.stringify({ step, arrays: described, facts }));
  const start = Buffer.alloc(MAGIC.length + 4);
  start.write(MAGIC, "latin1");
  start.writeUInt32LE(header.length, MAGIC.length);
  const file = await open(path, "w");
  try {
    const hash = createHash("sha256");
    for (const part of [start, header, ...entries.map(([, array]) => bytesOf(array))]) {
      for (let at = 0; at < part.length; at += PIECE_BYTES) {
        const piece = Buffer.from(part.subarray(at, at + PIECE_BYTES)); // a copy: what is hashed is what is written
        hash.update(piece);
        await file.writeFile(piece);
      }
    }
    await file.writeFile(hash.digest());
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @throws {CheckpointDamagedError} when the file is not what `writeState` wrote */
async function readState(path: string): Promise<TrainingState> {
  const file = await open(path, "r");
  try {
    const hash = createHash("sha256");
    const { size } = await file.stat();
    const read = (into: Uint8Array): Promise<Uint8Array> => readBytes(file, into, { path, hash });
    const start = Buffer.from(await read(new Uint8Array(MAGIC.length + 4)));
    if (!start.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC))) throw damaged(path, "it is no checkpoint");
    const length = start.readUInt32LE(MAGIC.length);
    if (length > size) throw damaged(path, "its header is longer than the file");
    const { step, arrays, facts } = parseHeader(Buffer.from(await read(new Uint8Array(length))).toString(), path);
    const numberCount = arrays.reduce((sum, array) => sum + array.length, 0);
    const expected = start.length + length + 4 * numberCount + DIGEST_BYTES;
    if (size !== expected) throw damaged(path, `it has ${size} bytes, expected ${expected}`);
    const numbers: Record<string, Float32Array> = {};
    for (const array of arrays) {
      const into = new Float32Array(array.length);
      await read(bytesOf(into));
      numbers[array.name] = into;
    }
    const found = hash.digest();
    const written = await readBytes(file, new Uint8Array(DIGEST_BYTES), { path, hash: createHash("sha256") });
    if (!found.equals(written)) throw damaged(path, "its checksum is another");
    return { step, arrays: numbers, facts };
  } finally {
    await file.close();
  }
}

function parseHeader(text: string, path: string): z.infer<typeof Header> {
  try {
    return Header.parse(JSON.parse(text));
  } catch (error) {
    throw damaged(path, `its header cannot be read (${messageOf(error).slice(0, 100)})`);
  }
}

async function readBytes(
  file: FileHandle,
  into: Uint8Array,
  { path, hash }: { path: string; hash: Hash },
): Promise<Uint8Array> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await file.read(into, at, Math.min(PIECE_BYTES, into.length - at));
    if (bytesRead === 0) throw damaged(path, "it ends too early");
    hash.update(into.subarray(at, at + bytesRead));
    at += bytesRead;
  }
  return into;
}

const damaged = (path: string, why: string): CheckpointDamagedError => new CheckpointDamagedError(path, why);

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Makes a rename last over a power cut, where folders can be synchronised. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
