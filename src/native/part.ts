/**
 * The package's three native libraries. The core holds secrets; crypto works with keys that the
 * core lends it; the extra library is more of the core: pools, enclaves, and secrets that come from
 * outside. Both are loaded by the first operation that needs them.
 *
 * @module
 */

/** One of them. */
export interface Part {
  readonly name: "core" | "crypto" | "extra";
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

/** Pools, enclaves; files, the environment and the terminal. */
export const EXTRA: Part = {
  name: "extra",
  what: "the native extra library",
  variable: "SECUREMEMORY_EXTRA_LIBRARY",
  files: {
    linux: "libsecurememory-extra.so",
    macos: "libsecurememory-extra.dylib",
    windows: "securememory-extra.dll",
  },
  version: "securememory_extra_abi_version",
};
