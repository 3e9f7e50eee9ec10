/**
 * The symbols of the native library, declared once, in the form of
 * `Deno.ForeignLibraryInterface`; the adapters of Bun and Node derive theirs.
 *
 * Calls take JavaScript's own numbers, doubles, which the library checks itself: that
 * keeps them on the fast-call path of every runtime. On Deno a number for a 64-bit
 * integer loses it; on Node any integer does, by a wrapper that checks it.
 *
 * @module
 */

import { POOL_SYMBOLS } from "./pool_symbols.ts";

/** What a symbol takes and gives, in Deno's words. */
export interface Signature {
  readonly parameters: readonly ("f64" | "u32" | "usize" | "buffer")[];
  readonly result: "u32" | "i32" | "pointer" | "void";
}

export const SYMBOLS = {
  ...POOL_SYMBOLS,
  securememory_abi_version: { parameters: [], result: "u32" },
  securememory_create: {
    parameters: [
      "f64", // length
      "f64", // alignment
      "f64", // flags
    ],
    result: "i32", // handle
  },
  securememory_create_random: {
    parameters: [
      "f64", // length
      "f64", // alignment
      "f64", // flags
    ],
    result: "i32", // handle
  },
  securememory_create_from: {
    parameters: [
      "buffer", // source, wiped on success
      "f64", // length
      "f64", // alignment
      "f64", // flags
    ],
    result: "i32", // handle
  },
  securememory_create_copy: {
    parameters: [
      "f64", // handle of the source
      "f64", // alignment
      "f64", // flags
    ],
    result: "i32", // handle
  },
  securememory_open: {
    parameters: [
      "f64", // handle
      "f64", // protection
    ],
    result: "i32",
  },
  securememory_close: { parameters: ["f64"], result: "i32" },
  securememory_open_wide: { parameters: ["f64"], result: "i32" },
  securememory_close_wide: { parameters: ["f64"], result: "i32" },
  securememory_gate: { parameters: ["f64"], result: "i32" },
  securememory_tick: { parameters: ["f64"], result: "i32" },
  securememory_thread_start: { parameters: [], result: "void" },
  securememory_probe: { parameters: ["f64"], result: "i32" },
  securememory_hibernation: { parameters: [], result: "i32" },
  securememory_destroy: { parameters: ["f64"], result: "i32" },
  securememory_release: { parameters: ["f64"], result: "i32" },
  securememory_retire: { parameters: ["f64"], result: "i32" },
  securememory_address: { parameters: ["f64"], result: "pointer" },
  securememory_length: { parameters: ["f64"], result: "u32" },
  securememory_equal: { parameters: ["f64", "f64"], result: "i32" },
  securememory_equal_bytes: {
    parameters: [
      "f64", // handle
      "buffer", // bytes
      "f64", // length
    ],
    result: "i32",
  },
  securememory_status: { parameters: ["f64"], result: "i32" },
  securememory_purge: { parameters: [], result: "i32" },
  securememory_purge_count: { parameters: [], result: "pointer" },
  securememory_statistics: {
    parameters: [
      "buffer", // double *out
      "f64", // count
    ],
    result: "i32",
  },
  securememory_harden: { parameters: ["f64"], result: "i32" },
  securememory_unharden: { parameters: [], result: "i32" },
  securememory_label: {
    parameters: [
      "f64", // handle
      "buffer", // UTF-8
      "f64", // length
    ],
    result: "i32",
  },
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
  securememory_create_decoded: {
    parameters: [
      "buffer", // text, wiped on success
      "f64", // length
      "f64", // format: hexadecimal, base64, base64url
      "f64", // alignment
      "f64", // flags
      "buffer", // double *position
    ],
    result: "i32", // handle
  },
  securememory_diagnose: {
    parameters: [
      "f64", // on
      "f64", // as default
    ],
    result: "i32",
  },
  securememory_lender: {
    parameters: [
      "buffer", // double *out: the address of what crypto borrows secrets by
      "f64", // count
    ],
    result: "i32",
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

/**
 * A pointer as the runtime has it: a number on Bun, an object on Deno, a bigint on Node. On
 * a Deno that gives us none: an ArrayBuffer over what it would point to.
 */
export type Pointer = unknown;

type Argument<T> = T extends "f64" | "u32" ? number
  : T extends "usize" ? bigint
  : Uint8Array | Float64Array;
type Result<T> = T extends "pointer" ? Pointer : T extends "void" ? void : number;
type Arguments<T extends readonly unknown[]> = { -readonly [K in keyof T]: Argument<T[K]> };

/** The symbols as functions. */
export type Calls<Table extends Record<string, Signature>> = {
  readonly [Name in keyof Table]: (
    ...args: Arguments<Table[Name]["parameters"]>
  ) => Result<Table[Name]["result"]>;
};

/** The functions of the native library. */
export type NativeCalls = Calls<typeof SYMBOLS>;
