/**
 * Options of enclaves.
 *
 * @module
 */
import { describe } from "../arguments.ts";
import { checkType } from "../check_options.ts";

/** Options for sealing. */
export interface EnclaveOptions {
  /** Shown in diagnostics and leak reports. Never put content in it. */
  label?: string;
}

/** Checks the options, and gives the label. */
export function labelOf(options: EnclaveOptions | undefined): string | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot use the options: they must be an object, current value is ${describe(options)}`,
    );
  }
  for (const name of Object.keys(options)) {
    if (name !== "label") {
      throw new TypeError(
        `Cannot use the option ${name}: an enclave has none of that name. How its secret is kept, ` +
          "open() is told",
      );
    }
  }
  const { label } = options;
  checkType(label, "label", "string");
  return label;
}
