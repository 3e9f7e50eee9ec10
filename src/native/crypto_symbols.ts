/**
 * The symbols of the native crypto library, in the form of `symbols.ts`.
 *
 * `open` is 1 where the call opens the secret's window and closes it itself, and 0 where
 * JavaScript has one open already.
 *
 * @module
 */
import type { Calls, Signature } from "./symbols.ts";

export const CRYPTO_SYMBOLS = {
  securememory_crypto_abi_version: { parameters: [], result: "u32" },
  securememory_crypto_start: {
    parameters: [
      "f64", // address of the core's lender
    ],
    result: "i32",
  },
  securememory_crypto_sealer: {
    parameters: [
      "buffer", // double *out: address of the table of ciphers, see zig/sealer.zig
      "f64", // count
    ],
    result: "i32",
  },
  securememory_crypto_hmac: {
    parameters: [
      "f64", // handle
      "f64", // open
      "f64", // hash
      "buffer", // data
      "f64", // length of it
      "buffer", // out
      "f64", // length of it
    ],
    result: "i32", // bytes written
  },
  securememory_crypto_hmac_secret: {
    parameters: [
      "f64", // handle
      "f64", // open
      "f64", // hash
      "buffer", // data
      "f64", // length of it
      "f64", // alignment
      "f64", // flags
    ],
    result: "i32", // handle
  },
  securememory_crypto_verify_hmac: {
    parameters: [
      "f64", // handle
      "f64", // open
      "f64", // hash
      "buffer", // data
      "f64", // length of it
      "buffer", // MAC
      "f64", // length of it
    ],
    result: "i32", // 1 or 0
  },
  securememory_crypto_derive: {
    parameters: [
      "f64", // handle
      "f64", // open
      "f64", // hash
      "buffer", // salt
      "f64", // length of it
      "buffer", // info
      "f64", // length of it
      "f64", // length
      "f64", // alignment
      "f64", // flags
    ],
    result: "i32", // handle
  },
  securememory_crypto_encrypt: {
    parameters: [
      "f64", // handle
      "f64", // open
      "buffer", // additional data
      "f64", // length of it
      "buffer", // plaintext
      "f64", // length of it
      "buffer", // out
      "f64", // length of it
    ],
    result: "i32",
  },
  securememory_crypto_encrypt_secret: {
    parameters: [
      "f64", // handle
      "f64", // open
      "f64", // handle of the plaintext
      "f64", // open, of that one
      "buffer", // additional data
      "f64", // length of it
      "buffer", // out
      "f64", // length of it
    ],
    result: "i32",
  },
  securememory_crypto_decrypt: {
    parameters: [
      "f64", // handle
      "f64", // open
      "buffer", // additional data
      "f64", // length of it
      "buffer", // box
      "f64", // length of it
      "buffer", // out
      "f64", // length of it
    ],
    result: "i32",
  },
  securememory_crypto_decrypt_secret: {
    parameters: [
      "f64", // handle
      "f64", // open
      "buffer", // additional data
      "f64", // length of it
      "buffer", // box
      "f64", // length of it
      "f64", // alignment
      "f64", // flags
    ],
    result: "i32", // handle
  },
  securememory_crypto_sign: {
    parameters: [
      "f64", // handle
      "f64", // open
      "buffer", // message
      "f64", // length of it
      "buffer", // out
      "f64", // length of it
    ],
    result: "i32",
  },
  securememory_crypto_public_key: {
    parameters: [
      "f64", // handle
      "f64", // open
      "f64", // kind
      "buffer", // out
      "f64", // length of it
    ],
    result: "i32",
  },
  securememory_crypto_agree: {
    parameters: [
      "f64", // handle
      "f64", // open
      "buffer", // public key
      "f64", // length of it
      "f64", // alignment
      "f64", // flags
    ],
    result: "i32", // handle
  },
  securememory_crypto_from_password: {
    parameters: [
      "f64", // handle
      "f64", // open
      "buffer", // nonce
      "f64", // length of it
      "f64", // memory, KiB
      "f64", // passes
      "f64", // parallelism
      "f64", // length
      "f64", // alignment
      "f64", // flags
    ],
    result: "i32", // handle
  },
} as const satisfies Record<string, Signature>;

/** The functions of the native crypto library. */
export type CryptoCalls = Calls<typeof CRYPTO_SYMBOLS>;
