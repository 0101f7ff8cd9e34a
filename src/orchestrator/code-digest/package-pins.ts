/** Pins of installed packages, found once in a process and kept as long as their lock file stays. */

import { type DigestCache, stampOf } from "./digest-cache.ts";
import { findLockFile, installedVersion, type Pin, pinInstalled, pinLocked, readLockFile } from "./locked-packages.ts";

export interface PinnedPackage {
  /** The package's own first. */
  readonly pins: readonly Pin[];
  /** The pin that the lock file has, where another version is installed. */
  readonly mismatch: { readonly installed: string; readonly locked: string } | null;
}

/** Finds pins by a package's folder. */
export class PackagePins {
  /** Whether something was found out that the cache did not know. */
  learned = false;
  readonly #cache: Pick<DigestCache, "locks">;
  readonly #found = new Map<string, PinnedPackage>();
  readonly #locks = new Map<string, ReturnType<typeof readLockFile>>();

  constructor(cache: Pick<DigestCache, "locks">) {
    this.#cache = cache;
  }

  of(folder: string): PinnedPackage {
    const known = this.#found.get(folder);
    if (known) return known;
    const locked = this.#ofLocked(folder);
    const installed = installedVersion(folder);
    const [own] = locked?.[0] ?? [];
    const isOther = own !== undefined && !own.endsWith(`@${installed}`);
    const found = {
      pins: locked ?? pinInstalled(folder),
      mismatch: isOther ? { installed, locked: own } : null,
    };
    this.#found.set(folder, found);
    return found;
  }

  #ofLocked(folder: string): Pin[] | null {
    const file = findLockFile(folder);
    if (file === undefined) return null;
    const { stamp } = stampOf(file);
    const known = this.#cache.locks[file];
    const lock = known?.stamp === stamp ? known : { stamp, pins: {} };
    this.#cache.locks[file] = lock;
    const kept = lock.pins[folder];
    if (kept !== undefined) return kept;
    const packages = this.#locks.get(`${file} ${stamp}`) ?? readLockFile(file);
    this.#locks.set(`${file} ${stamp}`, packages);
    const pins = pinLocked(folder, { file, packages });
    lock.pins[folder] = pins;
    this.learned = true;
    return pins;
  }
}
