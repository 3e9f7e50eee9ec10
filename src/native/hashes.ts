/**
 * The SHA-256 of each native library. Written by scripts/embed.mjs; building the libraries
 * again, anywhere, has to give the same.
 *
 * @module
 */

/** By operating system and processor. */
export const HASHES: { readonly [target: string]: string } = {
  "linux-x86_64": "68bd035383809e5d944633ba810a78a4af470b07e0e7a6e3bad83ebedf2dd8b9",
  "linux-aarch64": "9c68310e250e86d76b335095c06c6f2324fe2e8c34257bc249f3b972e31f2059",
  "macos-x86_64": "7b059d2f5069a20f9ab2e3db8fa5dd8104be8b55bde5ef09191c1bb727c24ee8",
  "macos-aarch64": "7fe5ebc13eacb529eb2b3efb01fd2f6fb41b1e870c79089b2d0b8d28a34f21da",
  "windows-x86_64": "89092f416e71936ded6a5fc01477f0a445750cfff8ecde427f7c67a983449d83",
  "windows-aarch64": "587a2f009102908ce1e6f447b2334699e04f8adfaf0d7277cfec2191705bc91b",
};
