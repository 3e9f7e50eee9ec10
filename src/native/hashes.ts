/**
 * The SHA-256 of each native library. Written by scripts/embed.mjs; building the libraries
 * again, anywhere, has to give the same.
 *
 * @module
 */

/** By operating system and processor. */
export const HASHES: { readonly [target: string]: string } = {
  "linux-x86_64": "bea061525d25f8f5a2465b7e2385e10fb3068c0fc5cb59b4ab166844f786552c",
  "linux-aarch64": "3a94f2672614ce287a01aa834581b3da4ddff631d032cb05572e14c58b84ae08",
  "macos-x86_64": "29c0e4386867f4a31e6e88d4898c611e2bfd3fc20e2c961e53d0c2b38126d9bc",
  "macos-aarch64": "8f47e9c4ec0bc3b262bb2d78f33b0cb1bfcc178e9da621dc088048e1f513533a",
  "windows-x86_64": "e7de46b1fc38e0390d6c840a696d48252acbbb42aa0624abe6bf06f1bf065c6e",
  "windows-aarch64": "e7dce7ebd622eabc78a96c2cc2b47d07679ffd3c1692f33fcd503361f63fed6c",
};
