/**
 * The symbols of the core, declared once, in the form of
 * `Deno.ForeignLibraryInterface`; the adapters of Bun and Node derive theirs.
 *
 * Calls take JavaScript's own numbers, doubles, which the library checks itself: that
 * keeps them on the fast-call path of every runtime. On Deno a number for a 64-bit
 * integer loses it; on Node any integer does, by a wrapper that checks it.
 *
 * @module
 */

/** What a symbol takes and gives, in Deno's words. */
export interface Signature {
  readonly parameters: readonly ("f64" | "u32" | "usize" | "buffer")[];
  readonly result: "u32" | "i32" | "pointer" | "void";
}

export const SYMBOLS = {
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
  securememory_epoch: { parameters: [], result: "pointer" }, // u32: see zig/entries.zig
  // u32, which a purge changes, and the pool's end: no secret made before is there any more.
  securememory_pool_word: { parameters: ["f64"], result: "pointer" },
  securememory_use_sealer: {
    parameters: ["f64"], // address of the crypto library's table: see zig/sealer.zig
    result: "i32",
  },
  // What the extra library is given: see zig/shared.zig.
  securememory_shared: {
    parameters: [
      "buffer", // words that are no numbers for anyone else
      "f64", // how many
    ],
    result: "i32",
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

/** The functions of the core. */
export type CoreCalls = Calls<typeof SYMBOLS>;
