/**
 * The package's two native libraries. The core holds secrets; crypto works with keys that the
 * core lends it, and is loaded by the first operation that needs it.
 *
 * @module
 */

/** One of the two libraries. */
export interface Part {
  readonly name: "core" | "crypto";
  /** What messages call it. */
  readonly what: string;
  /** The environment variable that names another file. */
  readonly variable: string;
  /** The library's file, by operating system. */
  readonly files: { readonly [os: string]: string };
  /** The symbol that a library of any version has. */
  readonly version: string;
}

/** Pages, windows, secrets. */
export const CORE: Part = {
  name: "core",
  what: "the native library",
  variable: "SECUREMEMORY_LIBRARY",
  files: {
    linux: "libsecurememory.so",
    macos: "libsecurememory.dylib",
    windows: "securememory.dll",
  },
  version: "securememory_abi_version",
};

/** Keyed operations. */
export const CRYPTO: Part = {
  name: "crypto",
  what: "the native crypto library",
  variable: "SECUREMEMORY_CRYPTO_LIBRARY",
  files: {
    linux: "libsecurememory-crypto.so",
    macos: "libsecurememory-crypto.dylib",
    windows: "securememory-crypto.dll",
  },
  version: "securememory_crypto_abi_version",
};
