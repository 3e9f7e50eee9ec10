/**
 * Checks of options, wherever they are for.
 *
 * @module
 */
import { describe } from "./arguments.ts";
import type { SecretOptions } from "./option_types.ts";

/** Values of the option `store`. */
export const STORES: readonly string[] = ["auto", "secretmem", "locked"];
const NAMES: readonly string[] = [
  "store",
  "gate",
  "allowUnlocked",
  "alignment",
  "revokeViews",
  "label",
  "diagnostics",
  "onLeak",
  "idleTimeout",
  "enclaveSlots",
  "enclaveIdle",
];
/** Values of the option `gate`. */
export const GATES: readonly string[] = ["auto", "pkey", "mprotect"];

/** As many as there are lines in what finds them: see `enclave/hot.ts`. */
const ENCLAVE_SLOTS_MAX = 1024;
/** An hour. */
const ENCLAVE_IDLE_MAX = 3_600_000;

/** The largest page size there is; the one of this host is known once the library is loaded. */
const PAGE_SIZE_MAX = 65536;

/** The options of a call on top of others, which were checked before. */
export function mergeOptions(
  base: SecretOptions,
  options: SecretOptions | undefined,
): SecretOptions {
  if (options === undefined) return base;
  checkOptions(options);
  return { ...base, ...defined(options) };
}

/** The same for a maker with options of its own, which checks all of them itself. */
export function mergeOwnOptions<T extends SecretOptions>(
  base: SecretOptions,
  options: T | undefined,
): T {
  if (options !== undefined && (typeof options !== "object" || options === null)) return options;
  return { ...base, ...defined(options ?? {}) } as T;
}

/** Checks the options of a secret. Whether a required rung exists shows when it is used. */
export function checkOptions(options: SecretOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot use the options: they must be an object, current value is ${describe(options)}`,
    );
  }
  checkKnown(options, NAMES);
  checkValue(options.store, "store", STORES);
  checkValue(options.gate, "gate", GATES);
  checkType(options.allowUnlocked, "allowUnlocked", "boolean");
  checkType(options.revokeViews, "revokeViews", "boolean");
  checkType(options.label, "label", "string");
  checkType(options.alignment, "alignment", "number");
  const { alignment } = options;
  if (alignment === undefined) return;
  // Math.log2 is exact for powers of two (ECMA-262 does not promise it; 2 ** round does).
  const power = 2 ** Math.round(Math.log2(alignment));
  if (power !== alignment || alignment < 16 || alignment > PAGE_SIZE_MAX) {
    throw new RangeError(
      `Cannot use the option alignment: it must be a power of two from 16 to the page size, current value is ${alignment}`,
    );
  }
}

/** Checks that there are no options but these. */
export function checkKnown(options: object, names: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw new TypeError(`Cannot use the option ${name}: there is none of that name`);
    }
  }
}

/** Checks the option of that name. */
export function checkIdleTimeout(value: unknown): void {
  checkType(value, "idleTimeout", "number");
  if (value === undefined || (value as number >= 2 && value as number <= 60_000)) return;
  throw new RangeError(
    `Cannot use the option idleTimeout: it must be from 2 to 60000 milliseconds, current value is ${value}`,
  );
}

/** Checks the options of that name. */
export function checkEnclaveOptions(slots: unknown, idle: unknown): void {
  checkType(slots, "enclaveSlots", "number");
  checkType(idle, "enclaveIdle", "number");
  if (slots !== undefined && !(Number.isInteger(slots) && isFrom(slots, 0, ENCLAVE_SLOTS_MAX))) {
    throw new RangeError(
      `Cannot use the option enclaveSlots: it must be a whole number from 0 to ${ENCLAVE_SLOTS_MAX}, current value is ${slots}`,
    );
  }
  if (idle !== undefined && !isFrom(idle, 2, ENCLAVE_IDLE_MAX)) {
    throw new RangeError(
      `Cannot use the option enclaveIdle: it must be from 2 to ${ENCLAVE_IDLE_MAX} milliseconds, current value is ${idle}`,
    );
  }
}

function isFrom(value: unknown, min: number, max: number): boolean {
  return value as number >= min && value as number <= max;
}

/** Checks that an option is one of its values, or not given. */
export function checkValue(value: unknown, name: string, values: readonly string[]): void {
  if (value === undefined || values.includes(value as string)) return;
  const current = typeof value === "string" ? `"${value}"` : describe(value);
  throw new TypeError(
    `Cannot use the option ${name}: it must be one of ${
      values.join(", ")
    }, current value is ${current}`,
  );
}

/** Checks the type of an option, if it is given. */
export function checkType(
  value: unknown,
  name: string,
  type: "boolean" | "string" | "number" | "function",
): void {
  if (value === undefined || typeof value === type) return;
  throw new TypeError(
    `Cannot use the option ${name}: it must be a ${type}, current value is ${describe(value)}`,
  );
}

/** Without keys whose value is undefined, which would hide a default behind them. */
export function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}
