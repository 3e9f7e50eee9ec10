/**
 * The extra library's symbols for pools and enclaves: see `symbols.ts`.
 *
 * @module
 */
import type { Signature } from "./symbols.ts";

/** Handles of pools are numbers of their own; those of their secrets are as any secret's. */
export const POOL_SYMBOLS = {
  securememory_pool_create: {
    parameters: [
      "buffer", // label, UTF-8
      "f64", // its bytes
      "f64", // flags: of the pages
      "f64", // bytes of pages at most; 0: as the lock limit allows
      "f64", // 1: seals where that limit, or the system's, is reached
    ],
    result: "i32", // pool
  },
  securememory_pool_close: { parameters: ["f64"], result: "i32" },
  securememory_pool_random: {
    parameters: [
      "f64", // pool
      "f64", // length
      "f64", // epoch
    ],
    result: "i32", // handle
  },
  securememory_pool_from: {
    parameters: [
      "f64", // pool
      "buffer", // source, wiped on success
      "f64", // length
      "f64", // epoch
    ],
    result: "i32", // handle
  },
  // A secret of zeros with a slot, awake.
  securememory_pool_zeros: {
    parameters: [
      "f64", // pool
      "f64", // length
      "f64", // epoch
    ],
    result: "i32", // handle
  },
  // Gives a secret its place for as long as a view of it may live. 1 if it was sealed, else 0.
  securememory_pool_wake: { parameters: ["f64"], result: "i32" },
  // No view of it is alive: it may be sealed.
  securememory_pool_sleep: { parameters: ["f64"], result: "i32" },
  // A secret that was collected: destroyed and released if it is still that of the epoch. 1 if it was there.
  securememory_pool_collected: {
    parameters: [
      "f64", // handle
      "f64", // epoch
    ],
    result: "i32",
  },
  // Index of the page's record for a secret that is awake: secrets of one page open as one.
  securememory_pool_page: { parameters: ["f64"], result: "i32" },
  // 1 if a neighbour's canary beside it was found damaged.
  securememory_pool_suspect: { parameters: ["f64"], result: "i32" },
  securememory_pool_statistics: {
    parameters: [
      "f64", // pool
      "buffer", // double *out, by POOL_STATISTICS
      "f64", // count
    ],
    result: "i32",
  },
  // Of a secret whose window is open; it is not closed by it.
  securememory_enclave_seal: {
    parameters: [
      "f64", // handle of the secret
      "f64", // epoch
    ],
    result: "i32", // handle of the enclave
  },
  securememory_enclave_from: {
    parameters: [
      "buffer", // source, wiped on success
      "f64", // length
      "f64", // epoch
    ],
    result: "i32", // handle of the enclave
  },
  securememory_enclave_open: {
    parameters: [
      "f64", // handle of the enclave
      "f64", // alignment
      "f64", // flags
    ],
    result: "i32", // handle of a secret
  },
  // Opens a secret (the scratch) for reading and writing and decrypts into its first bytes.
  securememory_enclave_lend: {
    parameters: [
      "f64", // handle of the enclave
      "f64", // handle of the scratch, at least as long
    ],
    result: "i32", // length
  },
  // Wipes the scratch and closes its window.
  securememory_enclave_take_back: { parameters: ["f64"], result: "i32" },
  // Destroys the enclave, in every thread.
  securememory_enclave_close: { parameters: ["f64"], result: "i32" },
  securememory_enclave_collected: {
    parameters: [
      "f64", // handle
      "f64", // epoch
    ],
    result: "i32",
  },
  // Bytes of an enclave, or 0 if the handle is of none.
  securememory_enclave_length: { parameters: ["f64"], result: "u32" },
  // Encrypts everything that is sealed anew, under another key. Returns how many there were.
  securememory_rekey: { parameters: [], result: "i32" },
} as const satisfies Record<string, Signature>;
