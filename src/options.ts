/**
 * Options of secrets: checked, and merged from where they can come from. An option of
 * a call wins over `configure`, which wins over the environment.
 *
 * @module
 */
import {
  checkIdleTimeout,
  checkOptions,
  checkType,
  checkValue,
  defined,
  GATES,
  STORES,
} from "./check_options.ts";
import {
  FLAG_ALLOW_UNLOCKED,
  FLAG_LOCKED,
  FLAG_MPROTECT,
  FLAG_PKEY,
  FLAG_SECRETMEM,
} from "./native/abi.ts";
import { type Library, library, libraryIfLoaded } from "./native/library.ts";

/** How the memory of a secret is obtained. A named rung is required, not preferred. */
export type StoreOption = "auto" | "secretmem" | "locked";

/** How its pages are opened and closed. A named rung is required, not preferred. */
export type GateOption = "auto" | "pkey" | "mprotect";

/** Options for making a secret. */
export interface SecretOptions {
  /** Default `"auto"`: the best rung that this host has. */
  store?: StoreOption;
  /** Default `"auto"`: the best rung that this host has. */
  gate?: GateOption;
  /** Take memory that can be swapped out where none can be locked. Default `false`: an error instead. */
  allowUnlocked?: boolean;
  /** Address alignment of the bytes: a power of two from 16 to the page size. Default 16. */
  alignment?: number;
  /** Give every window a view of its own and detach it on exit. For development. Default `false`. */
  revokeViews?: boolean;
  /** Shown in diagnostics and leak reports. Never put content in it. */
  label?: string;
}

/** A secret that was collected without having been closed. */
export interface LeakReport {
  /** One line for a log. */
  readonly message: string;
  /** The label it was given, if any. */
  readonly label: string | undefined;
  /** Length of the secret in bytes. */
  readonly length: number;
  /** Where it was made; only if `onLeak` was configured before. */
  readonly stack: string | undefined;
}

/** Options for the process. */
export interface ProcessOptions extends SecretOptions {
  /**
   * Say on standard error why a fault on a secret's pages stops the process: one line with the
   * secret's label and length, never with content. Default `true`. Unlike the other options it
   * holds for the whole process: the last thread that says something is heard, at once if it
   * has the library loaded, else with its first secret.
   *
   * The line comes from a signal handler (an exception handler on Windows), installed with the
   * first secret, which passes every signal on to the handler that was there before. A handler
   * that other code installs later and that passes nothing on hides the line; then `true`, said
   * again, puts this one in front of it, up to three times.
   */
  diagnostics?: boolean;
  /** Called for every secret that was collected without having been closed. */
  onLeak?: (leak: LeakReport) => void;
  /**
   * Under the gate `"pkey"`: milliseconds after which the pages of a secret that no window
   * has used are made inaccessible to every thread; at most half as long again. From 2 to
   * 60,000, default 100.
   */
  idleTimeout?: number;
}

/** Options as the rest of the library takes them. */
export interface Resolved {
  readonly flags: number;
  readonly alignment: number;
  readonly revokeViews: boolean;
  readonly label: string | undefined;
}

/** What `configure` was given so far. */
const configured: ProcessOptions = {};

/** The options of a call that gives none, once they are known. */
let standard: Resolved | undefined;

/**
 * Sets defaults for every secret that this thread makes from now on. Each Worker has its own.
 * An option that is `undefined` goes back to what it was without `configure`.
 *
 * @throws {TypeError} If an option is of the wrong type or not one of its values.
 * @throws {RangeError} If the alignment is not a power of two, or less than 16.
 *
 * @example Usage
 * ```ts
 * import { configure } from "@securememory/core";
 *
 * configure({ revokeViews: true, onLeak: (leak) => console.warn(leak.message) });
 * ```
 */
export function configure(options: ProcessOptions): void {
  checkOptions(options);
  checkType(options.diagnostics, "diagnostics", "boolean");
  checkType(options.onLeak, "onLeak", "function");
  checkIdleTimeout(options.idleTimeout);
  Object.assign(configured, options);
  standard = undefined;
  const loaded = libraryIfLoaded();
  if (loaded === undefined || !("diagnostics" in options)) return;
  loaded.calls.securememory_diagnose(Number(diagnostics(loaded).on), 0);
}

/** Milliseconds; see {@linkcode ProcessOptions}. */
export function idleTimeout(): number {
  return configured.idleTimeout ?? 100;
}

/** What to call for a leak, if anything. */
export function leakListener(): ((leak: LeakReport) => void) | undefined {
  return configured.onLeak;
}

/** Merges and checks the options of one call. Whether a required rung exists shows when it is used. */
export function resolve(options: SecretOptions | undefined): Resolved {
  if (options === undefined) return standard ??= resolveGiven({});
  checkOptions(options);
  return resolveGiven(options);
}

/** Whether faults are spoken of, and whether that is only because nobody has said anything. */
export function diagnostics(loaded: Library): { on: boolean; asDefault: boolean } {
  const asDefault = configured.diagnostics === undefined;
  return { on: configured.diagnostics ?? fromEnvironment(loaded).diagnostics ?? true, asDefault };
}

/** Whether views are revoked where no call says so: for secrets that are not made here. */
export function revokesViews(): boolean {
  const merged: SecretOptions = { ...fromEnvironment(library()), ...defined(configured) };
  return merged.revokeViews ?? false;
}

function resolveGiven(options: SecretOptions): Resolved {
  const loaded = library();
  const merged: SecretOptions = {
    ...fromEnvironment(loaded),
    ...defined(configured),
    ...defined(options),
  };
  const alignment = merged.alignment ?? 16;
  if (alignment > loaded.pageSize) {
    throw new RangeError(
      `Cannot create a secret: the alignment must be at most the page size, ${loaded.pageSize}, current value is ${alignment}`,
    );
  }
  return {
    flags: (merged.allowUnlocked === true ? FLAG_ALLOW_UNLOCKED : 0) |
      STORE_FLAGS[merged.store ?? "auto"] | GATE_FLAGS[merged.gate ?? "auto"],
    alignment,
    revokeViews: merged.revokeViews ?? false,
    label: merged.label,
  };
}

const STORE_FLAGS: Readonly<Record<StoreOption, number>> = {
  auto: 0,
  secretmem: FLAG_SECRETMEM,
  locked: FLAG_LOCKED,
};

const GATE_FLAGS: Readonly<Record<GateOption, number>> = {
  auto: 0,
  pkey: FLAG_PKEY,
  mprotect: FLAG_MPROTECT,
};

/** The environment's options, read once. On Deno only where reading is permitted already. */
let environment: ProcessOptions | undefined;

function fromEnvironment({ runtime }: Library): ProcessOptions {
  if (environment !== undefined) return environment;
  const options: ProcessOptions = {};
  const store = runtime.environment("SECUREMEMORY_STORE");
  const gate = runtime.environment("SECUREMEMORY_GATE");
  if (store) options.store = store as StoreOption;
  if (gate) options.gate = gate as GateOption;
  if (runtime.environment("SECUREMEMORY_REVOKE_VIEWS") === "1") options.revokeViews = true;
  if (runtime.environment("SECUREMEMORY_DIAGNOSTICS") === "0") options.diagnostics = false;
  if (store) checkValue(store, "SECUREMEMORY_STORE", STORES);
  if (gate) checkValue(gate, "SECUREMEMORY_GATE", GATES);
  return environment = options;
}
