/**
 * What concerns the whole process: numbers, purging, hardening.
 *
 * @module
 */
import { leakCount } from "./leaks.ts";
import {
  HARDEN_ALREADY_SHIFT,
  HARDEN_CORE_LIMIT,
  HARDEN_NOT_DUMPABLE,
  HARDEN_REVERSIBLE_SHIFT,
} from "./native/abi.ts";
import { failure } from "./native/failure.ts";
import { library, libraryIfLoaded, statistics } from "./native/library.ts";

/** Numbers about all secrets of the process, whatever thread made them. */
export interface Stats {
  /** Secrets made since the start. */
  readonly allocated: number;
  /** Secrets that hold bytes now. */
  readonly inUse: number;
  /** Secrets whose pages are open now, however many windows each has. */
  readonly openWindows: number;
  /** Bytes that this library has locked, guards excluded. */
  readonly lockedBytes: number;
  /** Of these, bytes that the kernel has taken out of its own map (memfd_secret(2)). */
  readonly secretmemBytes: number;
  /** Protection keys that this library has taken from the process, for good. */
  readonly protectionKeys: number;
  /** Secrets whose pages carry one now: they were in use in the last moments. */
  readonly keyedSecrets: number;
  /** Bytes that the process may lock; `Infinity` if there is no limit. */
  readonly lockLimitBytes: number;
  /** Bytes that the kernel counts as locked by the process, by whatever code; 0 if it does not tell. */
  readonly systemLockedBytes: number;
  /** Reservations of address space. */
  readonly arenas: number;
  /** Data pages of the arenas, in use or not. */
  readonly pages: number;
  /** Of these, pages ready for new secrets. */
  readonly freePages: number;
  /** Closed secrets whose pages rest before they are used again. */
  readonly restingPages: number;
  /** Pages given up because a view of them may live on in another thread. */
  readonly retiredPages: number;
  /** Secrets of pools that have no place on a page now, and enclaves: they are encrypted, outside every limit. */
  readonly sealed: number;
  /** Bytes of ordinary memory that these take. */
  readonly sealedBytes: number;
  /** Data pages of pools. */
  readonly poolPages: number;
  /** Secrets of this thread that were collected without having been closed. */
  readonly leaked: number;
  /** Calls of `purge`. */
  readonly purges: number;
}

/**
 * Numbers about all secrets of the process.
 *
 * @returns The numbers, as of now.
 * @throws {UnsupportedError} If the native library cannot be used.
 *
 * @example Usage
 * ```ts
 * import { Secret, stats } from "@securememory/core";
 *
 * using key = Secret.random(32);
 * console.log(stats().inUse >= 1); // true
 * ```
 */
export function stats(): Stats {
  const numbers = statistics(library());
  return {
    allocated: numbers.allocated,
    inUse: numbers.in_use,
    openWindows: numbers.open_windows,
    lockedBytes: numbers.locked_bytes,
    secretmemBytes: numbers.secretmem_bytes,
    protectionKeys: numbers.keys,
    keyedSecrets: numbers.keyed_pages,
    lockLimitBytes: numbers.lock_limit_bytes,
    systemLockedBytes: numbers.system_locked_bytes,
    arenas: numbers.arenas,
    pages: numbers.pages,
    freePages: numbers.pages_free,
    restingPages: numbers.pages_resting,
    retiredPages: numbers.pages_retired,
    sealed: numbers.sealed,
    sealedBytes: numbers.sealed_bytes,
    poolPages: numbers.pool_pages,
    leaked: leakCount(),
    purges: numbers.purges,
  };
}

/**
 * Wipes and closes every secret of the process now, in every thread. A callback that is
 * inside a window reads zeros from here on; every new window is refused. Secrets made
 * afterwards are not affected.
 *
 * @throws {ProtectionError} If the system refused a change; all other secrets were wiped.
 *
 * @example Usage
 * ```ts
 * import { purge, Secret } from "@securememory/core";
 *
 * const key = Secret.random(32);
 * purge();
 * console.log(key.isClosed); // true
 * ```
 */
export function purge(): void {
  // Without the library there is no secret.
  const loaded = libraryIfLoaded();
  if (loaded === undefined) return;
  const result = loaded.calls.securememory_purge();
  if (result < 0) throw failure(loaded, result, "Cannot purge every secret in good order");
}

/** One part of hardening. */
export interface HardenPart {
  /** Whether it holds now. */
  readonly applied: boolean;
  /** Whether it held before the first call, by somebody else's doing. */
  readonly already: boolean;
  /** Whether `undo` takes it back. */
  readonly reversible: boolean;
  /** What it costs and where it ends, or why it was not applied. */
  readonly note: string;
}

/** What `harden` did. */
export interface HardenReport {
  /** No core dump is written. */
  readonly noCoreDumps: HardenPart;
  /** Other processes of the same user can neither attach to this one nor read its memory. */
  readonly notDumpable: HardenPart;

  /**
   * Puts back what was there before the first call of `harden`, for the whole process,
   * whoever called it. What somebody has changed since stays as it is, and so does what
   * held before. It can be called twice, and `harden` can be called again.
   *
   * @throws {UnsupportedError} If the system refused; the call that failed is named.
   */
  undo(): void;
}

/**
 * Hardens the process: no core dumps, not dumpable. Opt-in, since it concerns code that is
 * not this library's. Calling it twice is fine. Either every part that this system has
 * takes effect, or nothing changes.
 *
 * Secrets, `status()` and `capabilities()` work as before. Call it after the process has
 * changed its user, if it does: Linux puts the dumpable flag back then (prctl(2)).
 *
 * @returns What took effect, and how to take it back.
 * @throws {UnsupportedError} If the system refused; the call that failed is named.
 *
 * @example Usage
 * ```ts
 * import { harden } from "@securememory/core";
 *
 * const hardened = harden();
 * console.log(hardened.noCoreDumps.applied);
 * hardened.undo();
 * ```
 */
export function harden(): HardenReport {
  const loaded = library();
  const result = loaded.calls.securememory_harden(HARDEN_CORE_LIMIT | HARDEN_NOT_DUMPABLE);
  if (result < 0) throw failure(loaded, result, "Cannot harden the process");
  const part = (flag: number, notes: Notes): HardenPart => {
    const applied = (result & flag) !== 0;
    return {
      applied,
      already: (result >> HARDEN_ALREADY_SHIFT & flag) !== 0,
      reversible: (result >> HARDEN_REVERSIBLE_SHIFT & flag) !== 0,
      note: notes[loaded.runtime.os] ?? `${loaded.runtime.os} has no such setting`,
    };
  };
  return {
    noCoreDumps: part(HARDEN_CORE_LIMIT, CORE_NOTES),
    notDumpable: part(HARDEN_NOT_DUMPABLE, DUMPABLE_NOTES),
    undo(): void {
      const undone = loaded.calls.securememory_unharden();
      if (undone < 0) throw failure(loaded, undone, "Cannot take the hardening back");
    },
  };
}

/** What is to be said of a part, by operating system. */
type Notes = Readonly<Record<string, string>>;

const CORE_NOTES: Notes = {
  linux: "the soft limit is 0, for child processes too; the hard limit was left alone. A " +
    "core_pattern that is a pipe ignores the limit (core(5)): notDumpable covers that",
  macos: "the soft limit is 0, for child processes too; the hard limit was left alone. Crash " +
    "reports, which hold registers and no memory, are still written",
  windows: "Windows Error Reporting leaves the heap out; a dump that someone takes on purpose " +
    "has it all the same",
};

const DUMPABLE_NOTES: Notes = {
  linux: "debuggers and profilers of the same user cannot attach; files of /proc/self that only " +
    "their owner may open, such as environ and mem, belong to root. Changing the user, and " +
    "execve, put the flag back (prctl(2)), and child processes have their own",
  macos: "not used: PT_DENY_ATTACH cannot be undone, and ends a process that is being debugged",
};
