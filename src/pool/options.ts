/**
 * Options of pools.
 *
 * @module
 */
import { describe } from "../arguments.ts";
import { checkKnown, checkOptions, checkType, checkValue } from "../check_options.ts";
import type { SecretOptions } from "../option_types.ts";

/** Options for making a pool. All of its secrets are kept alike. */
export interface PoolOptions
  extends Pick<SecretOptions, "store" | "gate" | "allowUnlocked" | "revokeViews" | "label"> {
  /**
   * What happens when no more memory can be locked, or `hotBytes` are in use.
   *
   * `"error"`, the default: making a secret throws {@linkcode LockLimitError}. Every secret is on a
   * locked page from its making to its end.
   *
   * `"seal"`: secrets that are not in use are sealed, those first that were used least recently, and
   * opened again when they are. A sealed secret is a box of XChaCha20-Poly1305 in ordinary memory,
   * outside every limit. Secrets are made sealed, and have a place on a page from their first use on.
   */
  onPressure?: "error" | "seal";
  /**
   * Bytes of locked pages that the pool takes at most, up to 2^32 - 1. Default: for `"seal"`, 1 MiB or half of what
   * may still be locked when the pool is made, whichever is less; for `"error"`, what may be locked.
   */
  hotBytes?: number;
}

const ON_PRESSURE: readonly string[] = ["error", "seal"];

const HOT_BYTES_MAX = 2 ** 32 - 1;

const NAMES: readonly string[] = [
  "store",
  "gate",
  "allowUnlocked",
  "revokeViews",
  "label",
  "onPressure",
  "hotBytes",
];

/** Checks the options of a pool. Returns those that any secret may have. */
export function checkPoolOptions(options: PoolOptions): SecretOptions {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot use the options: they must be an object, current value is ${describe(options)}`,
    );
  }
  checkKnown(options, NAMES);
  const { onPressure, hotBytes, ...others } = options;
  checkOptions(others);
  checkValue(onPressure, "onPressure", ON_PRESSURE);
  checkType(hotBytes, "hotBytes", "number");
  if (
    hotBytes === undefined ||
    (Number.isInteger(hotBytes) && hotBytes > 0 && hotBytes <= HOT_BYTES_MAX)
  ) return others;
  throw new RangeError(
    `Cannot use the option hotBytes: it must be a whole number from 1 to ${HOT_BYTES_MAX}, current value is ${hotBytes}`,
  );
}
