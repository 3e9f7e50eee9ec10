/**
 * Options of secrets at the edge: those of the main entry. What asks for something that there is
 * not here is refused when a secret is made, never passed over.
 *
 * @module
 */
import { checkIdleTimeout, checkOptions, checkType, defined } from "../check_options.ts";
import { UnsupportedError } from "../errors.ts";
import type { LeakReport, ProcessOptions, SecretOptions } from "../option_types.ts";

/** Options as the rest of the edge takes them. */
export interface Resolved {
  readonly alignment: number;
  readonly label: string | undefined;
}

/** What `configure` was given so far. */
const configured: ProcessOptions = {};

/**
 * Sets defaults for every secret that is made from now on. An option that is `undefined` goes back
 * to what it was without `configure`. `diagnostics` and `idleTimeout` change nothing here: there
 * are no faults to tell of, and no keys of the processor's.
 *
 * @throws {TypeError} If an option is of the wrong type or not one of its values.
 * @throws {RangeError} If the alignment is not a power of two, or less than 16.
 *
 * @example Usage
 * ```ts
 * import { configure } from "@securememory/core/edge";
 *
 * configure({ onLeak: (leak) => console.warn(leak.message) });
 * ```
 */
export function configure(options: ProcessOptions): void {
  checkOptions(options);
  checkType(options.diagnostics, "diagnostics", "boolean");
  checkType(options.onLeak, "onLeak", "function");
  checkIdleTimeout(options.idleTimeout);
  Object.assign(configured, options);
}

/** What to call for a leak, if anything. */
export function leakListener(): ((leak: LeakReport) => void) | undefined {
  return configured.onLeak;
}

/**
 * Merges and checks the options of one call.
 *
 * @throws {UnsupportedError} If they require what WebAssembly does not have.
 */
export function resolve(options: SecretOptions | undefined): Resolved {
  if (options !== undefined) checkOptions(options);
  const merged: SecretOptions = { ...defined(configured), ...defined(options ?? {}) };
  refuse("store", merged.store);
  refuse("gate", merged.gate);
  if (merged.revokeViews === true) {
    throw new UnsupportedError(
      "Cannot create the secret: revokeViews is required, and a view of WebAssembly memory cannot " +
        "be detached",
    );
  }
  return { alignment: merged.alignment ?? 16, label: merged.label };
}

function refuse(option: "store" | "gate", value: string | undefined): void {
  if (value === undefined || value === "auto") return;
  throw new UnsupportedError(
    `Cannot create the secret: the ${option} "${value}" is required, and WebAssembly has nothing ` +
      "like it. Use @securememory/core on Bun, Deno or Node",
  );
}
