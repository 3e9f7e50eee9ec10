/**
 * The symbols of the native library, declared once, in the form of
 * `Deno.ForeignLibraryInterface`; the adapters of Bun and Node derive theirs.
 *
 * Hot calls take numbers that fit 32 bits and nothing else: that keeps them on the
 * fast-call path of every runtime (on Deno a number for a 64-bit parameter loses it).
 *
 * @module
 */

/** What a symbol takes and gives, in Deno's words. */
export interface Signature {
  readonly parameters: readonly ("u32" | "buffer")[];
  readonly result: "u32" | "i32" | "pointer";
}

export const SYMBOLS = {
  securememory_abi_version: { parameters: [], result: "u32" },
  securememory_create: {
    parameters: [
      "u32", // length
      "u32", // alignment
      "u32", // flags
    ],
    result: "i32", // handle
  },
  securememory_create_random: {
    parameters: [
      "u32", // length
      "u32", // alignment
      "u32", // flags
    ],
    result: "i32", // handle
  },
  securememory_create_from: {
    parameters: [
      "buffer", // source, wiped on success
      "u32", // length
      "u32", // alignment
      "u32", // flags
    ],
    result: "i32", // handle
  },
  securememory_create_copy: {
    parameters: [
      "u32", // handle of the source
      "u32", // alignment
      "u32", // flags
    ],
    result: "i32", // handle
  },
  securememory_open: {
    parameters: [
      "u32", // handle
      "u32", // protection
    ],
    result: "i32",
  },
  securememory_close: { parameters: ["u32"], result: "i32" },
  securememory_destroy: { parameters: ["u32"], result: "i32" },
  securememory_release: { parameters: ["u32"], result: "i32" },
  securememory_retire: { parameters: ["u32"], result: "i32" },
  securememory_address: { parameters: ["u32"], result: "pointer" },
  securememory_length: { parameters: ["u32"], result: "u32" },
  securememory_equal: { parameters: ["u32", "u32"], result: "i32" },
  securememory_equal_bytes: {
    parameters: [
      "u32", // handle
      "buffer", // bytes
      "u32", // length
    ],
    result: "i32",
  },
  securememory_status: { parameters: ["u32"], result: "i32" },
  securememory_purge: { parameters: [], result: "i32" },
  securememory_purge_count: { parameters: [], result: "pointer" },
  securememory_statistics: {
    parameters: [
      "buffer", // double *out
      "u32", // count
    ],
    result: "i32",
  },
  securememory_harden: { parameters: ["u32"], result: "i32" },
} as const satisfies Record<string, Signature>;

/** A pointer as the runtime has it: a number on Bun, an object on Deno, a bigint on Node. */
export type Pointer = unknown;

type Argument<T> = T extends "u32" ? number : Uint8Array | Float64Array;
type Result<T> = T extends "pointer" ? Pointer : number;
type Arguments<T extends readonly unknown[]> = { -readonly [K in keyof T]: Argument<T[K]> };

/** The symbols as functions. */
export type Calls<Table extends Record<string, Signature>> = {
  readonly [Name in keyof Table]: (
    ...args: Arguments<Table[Name]["parameters"]>
  ) => Result<Table[Name]["result"]>;
};

/** The functions of the native library. */
export type NativeCalls = Calls<typeof SYMBOLS>;
