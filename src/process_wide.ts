/**
 * What concerns the whole process: numbers, purging, hardening.
 *
 * @module
 */
import { leakCount } from "./leaks.ts";
import { HARDEN_CORE_LIMIT, HARDEN_NOT_DUMPABLE } from "./native/abi.ts";
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
  /** Whether it took effect. */
  readonly applied: boolean;
  /** How to undo it; `undefined` if it cannot be, or was not applied. */
  readonly undo: string | undefined;
  /** What it costs, or why it was not applied. */
  readonly note: string;
}

/** What `harden` did. */
export interface HardenReport {
  /** No core dump is written. */
  readonly noCoreDumps: HardenPart;
  /** Other processes of the same user can neither attach to this one nor read its memory. */
  readonly notDumpable: HardenPart;
}

/**
 * Hardens the process: no core dumps, not dumpable. Opt-in, since it concerns code that is
 * not this library's. Calling it twice is fine.
 *
 * @returns What took effect, and how to undo it.
 * @throws {UnsupportedError} If the system refused; the part that failed is named.
 *
 * @example Usage
 * ```ts
 * import { harden } from "@securememory/core";
 *
 * const { noCoreDumps } = harden();
 * console.log(noCoreDumps.applied);
 * ```
 */
export function harden(): HardenReport {
  const loaded = library();
  const done = loaded.calls.securememory_harden(HARDEN_CORE_LIMIT | HARDEN_NOT_DUMPABLE);
  if (done < 0) throw failure(loaded, done, "Cannot harden the process");
  return {
    noCoreDumps: (done & HARDEN_CORE_LIMIT) !== 0
      ? {
        applied: true,
        undo: "raise the soft limit again: setrlimit(RLIMIT_CORE); the hard limit was left alone",
        note: "a core_pattern that is a pipe ignores the limit (core(5)); notDumpable covers that",
      }
      : { applied: false, undo: undefined, note: `${loaded.runtime.os} has no such limit` },
    notDumpable: (done & HARDEN_NOT_DUMPABLE) !== 0
      ? {
        applied: true,
        undo: "prctl(PR_SET_DUMPABLE, 1)",
        note:
          "debuggers and profilers of the same user cannot attach; /proc/self belongs to root, so " +
          "status() works for root only",
      }
      : { applied: false, undo: undefined, note: `${loaded.runtime.os} has no such setting` },
  };
}
