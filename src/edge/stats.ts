/**
 * Numbers about all secrets.
 *
 * @module
 */
import { STATISTICS } from "../native/abi.ts";
import { core, MEMORY_MAX } from "./core.ts";
import { leakCount } from "./leaks.ts";

/** Numbers about all secrets of this module. */
export interface Stats {
  /** Secrets made since the start. */
  readonly allocated: number;
  /** Secrets that hold bytes now. */
  readonly inUse: number;
  /** Secrets that are decrypted now, however many windows each has. */
  readonly openWindows: number;
  /** Bytes that are locked: none can be. */
  readonly lockedBytes: 0;
  /** Bytes of WebAssembly memory, which never shrinks. */
  readonly memoryBytes: number;
  /** The most there can be. */
  readonly memoryLimitBytes: number;
  /** Secrets that were collected without having been closed. */
  readonly leaked: number;
  /** Calls of `purge`. */
  readonly purges: number;
}

/**
 * Numbers about all secrets of this module.
 *
 * @returns The numbers, as of now.
 * @throws {UnsupportedError} If WebAssembly cannot be used.
 *
 * @example Usage
 * ```ts
 * import { Secret, stats } from "@securememory/core/edge";
 *
 * using key = Secret.random(32);
 * console.log(stats().inUse >= 1); // true
 * ```
 */
export function stats(): Stats {
  const calls = core();
  const number = (name: (typeof STATISTICS)[number]) =>
    calls.securememory_statistic(STATISTICS.indexOf(name));
  return {
    allocated: number("allocated"),
    inUse: number("in_use"),
    openWindows: number("open_windows"),
    lockedBytes: 0,
    memoryBytes: calls.memory.buffer.byteLength,
    memoryLimitBytes: MEMORY_MAX,
    leaked: leakCount(),
    purges: number("purges"),
  };
}
