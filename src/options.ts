/**
 * Options of secrets: checked, and merged from where they can come from. An option of
 * a call wins over `configure`, which wins over the environment.
 *
 * @module
 */
import {
  checkEnclaveOptions,
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
import type {
  GateOption,
  LeakReport,
  ProcessOptions,
  SecretOptions,
  StoreOption,
} from "./option_types.ts";

export type {
  GateOption,
  LeakReport,
  ProcessOptions,
  SecretOptions,
  StoreOption,
} from "./option_types.ts";

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
 * @throws {RangeError} If the alignment is not a power of two, or less than 16, or a number is out of range.
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
  checkEnclaveOptions(options.enclaveSlots, options.enclaveIdle);
  Object.assign(configured, options);
  standard = undefined;
  for (const listener of listeners) listener();
  const loaded = libraryIfLoaded();
  if (loaded === undefined || !("diagnostics" in options)) return;
  loaded.calls.securememory_diagnose(Number(diagnostics(loaded).on), 0);
}

const listeners: (() => void)[] = [];

/** Calls `listener` from now on after each `configure`. */
export function onConfigure(listener: () => void): void {
  listeners.push(listener);
}

/** How many; see {@linkcode ProcessOptions}. */
export function enclaveSlots(): number {
  return configured.enclaveSlots ?? 16;
}

/** Milliseconds; see {@linkcode ProcessOptions}. */
export function enclaveIdle(): number {
  return configured.enclaveIdle ?? 1000;
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
