/**
 * The symbols of the extra library: see `symbols.ts`.
 *
 * @module
 */
import { POOL_SYMBOLS } from "./pool_symbols.ts";
import type { Calls, CoreCalls, Signature } from "./symbols.ts";

/** What the core has, too, where the two are built as one library. */
export const EXTRA_SYMBOLS = {
  ...POOL_SYMBOLS,
  securememory_create_read: {
    parameters: [
      "buffer", // path, with a zero at the end
      "f64", // its bytes; 0: the descriptor is read
      "f64", // descriptor
      "f64", // bytes at most
      "f64", // 1: without a line feed at the end
      "f64", // alignment
      "f64", // flags
    ],
    result: "i32", // handle
  },
  securememory_create_environment: {
    parameters: [
      "buffer", // name, with a zero at the end
      "f64", // its bytes
      "f64", // 1: the variable is gone afterwards
      "f64", // alignment
      "f64", // flags
    ],
    result: "i32", // handle
  },
  securememory_create_prompt: {
    parameters: [
      "buffer", // question, UTF-8
      "f64", // its bytes
      "f64", // bytes of the answer at most
      "f64", // alignment
      "f64", // flags
    ],
    result: "i32", // handle
  },
} as const satisfies Record<string, Signature>;

/** What it is started by. */
export const EXTRA_START = {
  securememory_extra_abi_version: { parameters: [], result: "u32" },
  securememory_extra_start: {
    parameters: [
      "buffer", // what securememory_shared has written
      "f64", // how many words
    ],
    result: "i32",
  },
} as const satisfies Record<string, Signature>;

/** The functions of the extra library. */
export type ExtraCalls = Calls<typeof EXTRA_SYMBOLS>;

/** The functions of the core and of the extra library, which is loaded by the first call of one. */
export type NativeCalls = CoreCalls & ExtraCalls;
