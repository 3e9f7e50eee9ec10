/**
 * The native library of this process: found, loaded once, at the first secret.
 *
 * @module
 */
import { UnsupportedError } from "../errors.ts";
import { STATISTICS } from "./abi.ts";
import { currentRuntime } from "./current.ts";
import { detailOf, reasonOf } from "./detail.ts";
import { extraLoadedFrom, withExtra } from "./extra.ts";
import type { NativeCalls } from "./extra_symbols.ts";
import { loadPart } from "./load.ts";
import { CORE } from "./part.ts";
import type { Runtime } from "./runtime.ts";
import { type CoreCalls, SYMBOLS } from "./symbols.ts";

/** The loaded library and what was asked of it once. */
export interface Library {
  readonly runtime: Runtime;
  readonly path: string;
  /** The core's functions; those of the extra library load it. */
  readonly calls: NativeCalls;
  /** Tells this loaded copy of the library from any other in the process. */
  readonly instance: number;
  readonly pageSize: number;
  /** One number, which every purge of the process changes. */
  readonly purges: Uint32Array;
}

let loaded: Library | undefined;

/**
 * The library, loaded on the first call.
 *
 * @throws {UnsupportedError} If there is no FFI, no permission, or no library that fits.
 */
export function library(): Library {
  return loaded ??= load();
}

/** The library if it was loaded, without loading it. */
export function libraryIfLoaded(): Library | undefined {
  return loaded;
}

/**
 * Where the extra library is, which is loaded for that.
 *
 * @throws As `library`, and if there is none that fits.
 */
export function extraPath(): string {
  const { path, calls } = library();
  void calls.securememory_pool_page;
  return extraLoadedFrom() ?? path;
}

/**
 * The runtime this is running on.
 *
 * @throws {UnsupportedError} If it has no FFI.
 */
export function detectRuntime(): Runtime {
  const runtime = currentRuntime();
  if (runtime !== undefined) return runtime;
  throw new UnsupportedError(
    "Cannot load the native library: this runtime has no FFI. Use Bun, Deno, or Node 26.1 or later; " +
      "on edge runtimes and in browsers @securememory/core/edge, which cannot lock or protect memory",
  );
}

/** Numbers about the process, by the names that the native library has for them. */
export type Statistics = Readonly<Record<(typeof STATISTICS)[number], number>>;

/** Numbers about the process, as of now. */
export function statistics(of: Library): Statistics {
  return readStatistics(of.calls, of.runtime.os);
}

function readStatistics(calls: CoreCalls, os: string): Statistics {
  const numbers = new Float64Array(STATISTICS.length);
  const written = calls.securememory_statistics(numbers, numbers.length);
  if (written === numbers.length) {
    return Object.fromEntries(
      STATISTICS.map((name, index) => [name, numbers[index]]),
    ) as Statistics;
  }
  const detail = detailOf(written);
  throw new UnsupportedError(
    `Cannot start the native library: the system gave no random bytes${reasonOf(os, detail)}`,
    { detail },
  );
}

function load(): Library {
  const runtime = detectRuntime();
  const core = loadPart(runtime, CORE, SYMBOLS);
  const { path, calls } = core;
  const numbers = readStatistics(calls, runtime.os);
  startThread(calls, numbers.instance);
  return {
    runtime,
    path,
    calls: withExtra(runtime, core),
    instance: numbers.instance,
    pageSize: numbers.page_size_bytes,
    purges: new Uint32Array(runtime.arrayBuffer(calls.securememory_purge_count(), 4)),
  };
}

/**
 * A Worker that was started inside a window was born with that window's rights, and gives
 * them up here. Once per thread, even if there are two copies of this module in it: the
 * second must not close a window of the first.
 */
function startThread(calls: CoreCalls, instance: number): void {
  const mark = Symbol.for(`securememory.thread.${instance}`);
  if (mark in globalThis) return;
  Object.defineProperty(globalThis, mark, { value: true });
  calls.securememory_thread_start();
}
