/**
 * The SHA-256 of each native library. Written by scripts/embed.mjs; building the libraries
 * again, anywhere, has to give the same.
 *
 * @module
 */

/** By operating system and processor. */
export const HASHES: { readonly [target: string]: string } = {
  "linux-x86_64": "fb9e87a2e18c7fe8478222737ab804bfd7920ce7f7d52eb576773aeff259ade3",
  "linux-aarch64": "69d7fa0595836a6a6f4dbccb46df8f1bcf728c497526a540943f10e9d7d49a6c",
  "macos-x86_64": "632520848a15c1174fe5393958bb9bdfca45874871e40a73bec812b83f01c9d9",
  "macos-aarch64": "fb2fddefab5a71687d0fb95ca35cc2ce6355538adf9c5c91bce2afcb9ec7a3cb",
  "windows-x86_64": "ea4b45490ae48ed2532794a9f4229c23081766d53ea6f079790826b25cfeff2e",
  "windows-aarch64": "c67b7d90920c9fdd081e228e58913e9ad5ff7ed8fce918df5f765eaccd86e47e",
};
