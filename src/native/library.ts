/**
 * The native library of this process: found, loaded once, at the first secret.
 *
 * @module
 */
import { UnsupportedError } from "../errors.ts";
import { ABI_VERSION, STATISTICS } from "./abi.ts";
import { bun } from "./bun.ts";
import { detailOf, reasonOf } from "./detail.ts";
import { deno } from "./deno.ts";
import { node } from "./node.ts";
import { pathOf } from "./process.ts";
import type { Runtime } from "./runtime.ts";
import { type NativeCalls, SYMBOLS } from "./symbols.ts";

/** The loaded library and what was asked of it once. */
export interface Library {
  readonly runtime: Runtime;
  readonly path: string;
  readonly calls: NativeCalls;
  /** Tells this loaded copy of the library from any other in the process. */
  readonly instance: number;
  readonly pageSize: number;
  /** One number, which every purge of the process changes. */
  readonly purges: Uint32Array;
}

const VARIABLE = "SECUREMEMORY_LIBRARY";

/** The one symbol that a library of any version has. */
const VERSION_TABLE = { securememory_abi_version: SYMBOLS.securememory_abi_version } as const;

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
 * The runtime this is running on.
 *
 * @throws {UnsupportedError} If it has no FFI.
 */
export function detectRuntime(): Runtime {
  const runtime = bun() ?? deno() ?? node();
  if (runtime !== undefined) return runtime;
  throw new UnsupportedError(
    "Cannot load the native library: this runtime has no FFI. Use Bun, Deno, or Node 26.1 or later",
  );
}

/** Numbers about the process, by the names that the native library has for them. */
export type Statistics = Readonly<Record<(typeof STATISTICS)[number], number>>;

/** Numbers about the process, as of now. */
export function statistics(of: Library): Statistics {
  return readStatistics(of.calls, of.runtime.os);
}

function readStatistics(calls: NativeCalls, os: string): Statistics {
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
  const explicit = runtime.environment(VARIABLE);
  const path = explicit || bundledPath(runtime);
  const refusal = runtime.refusal(path);
  if (refusal !== undefined) {
    throw new UnsupportedError(`Cannot load the native library: ${refusal}`);
  }
  const calls = open(runtime, path, explicit ? `named by ${VARIABLE}` : "beside the module");
  const numbers = readStatistics(calls, runtime.os);
  startThread(calls, numbers.instance);
  return {
    runtime,
    path,
    calls,
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
function startThread(calls: NativeCalls, instance: number): void {
  const mark = Symbol.for(`securememory.thread.${instance}`);
  if (mark in globalThis) return;
  Object.defineProperty(globalThis, mark, { value: true });
  calls.securememory_thread_start();
}

const FILES: { readonly [os: string]: string } = {
  linux: "libsecurememory.so",
  macos: "libsecurememory.dylib",
  windows: "securememory.dll",
};

function bundledPath(runtime: Runtime): string {
  const file = FILES[runtime.os];
  const known = runtime.arch === "x86_64" || runtime.arch === "aarch64";
  if (file === undefined || !known) {
    throw new UnsupportedError(
      `Cannot load the native library: there is none for ${runtime.os} on ${runtime.arch}. ` +
        `Build it with Zig and name it in ${VARIABLE}`,
    );
  }
  const url = new URL(`../../lib/${runtime.os}-${runtime.arch}/${file}`, import.meta.url);
  if (url.protocol === "file:") return pathOf(url, runtime.os);
  throw new UnsupportedError(
    `Cannot load the native library: the module came from ${url.protocol}, and the library has ` +
      `to be a file. Name one in ${VARIABLE}`,
  );
}

function open(runtime: Runtime, path: string, origin: string): NativeCalls {
  let calls: NativeCalls;
  try {
    calls = runtime.load(path, SYMBOLS);
  } catch (cause) {
    throw explain(runtime, path, origin, cause);
  }
  const version = calls.securememory_abi_version();
  if (version !== ABI_VERSION) throw wrongVersion(path, origin, version);
  return calls;
}

/** Why a library could not be loaded whole; one of another version can still say so. */
function explain(runtime: Runtime, path: string, origin: string, whole: unknown): UnsupportedError {
  let version: number;
  try {
    version = runtime.load(path, VERSION_TABLE).securememory_abi_version();
  } catch (cause) {
    return new UnsupportedError(
      `Cannot load the native library ${origin}, "${path}": it is missing, not readable, or not ` +
        `SecureMemory's for this platform`,
      { cause },
    );
  }
  if (version !== ABI_VERSION) return wrongVersion(path, origin, version);
  return new UnsupportedError(
    `Cannot use the native library ${origin}, "${path}": it lacks symbols of its ABI version`,
    { cause: whole },
  );
}

function wrongVersion(path: string, origin: string, version: number): UnsupportedError {
  return new UnsupportedError(
    `Cannot use the native library ${origin}, "${path}": its ABI version is ${version}, ` +
      `wanted is ${ABI_VERSION}. Use the library that belongs to this version of the package`,
  );
}
