/**
 * The SHA-256 of each native library. Written by scripts/embed.mjs; building the libraries
 * again, anywhere, has to give the same.
 *
 * @module
 */
import type { Part } from "./part.ts";

/** By library, operating system and processor. */
export const HASHES: Readonly<Record<Part["name"], { readonly [target: string]: string }>> = {
  core: {
    "linux-x86_64": "ccd017e44dfbdc09e8b01c47a53e1bf63dd490dd50d352e8de8fc17647f9ae30",
    "linux-aarch64": "ad441479fdbffdba328e29ccbe124a5353dcbf7a99260393cd38a85d4fec0f0a",
    "macos-x86_64": "632520848a15c1174fe5393958bb9bdfca45874871e40a73bec812b83f01c9d9",
    "macos-aarch64": "fb2fddefab5a71687d0fb95ca35cc2ce6355538adf9c5c91bce2afcb9ec7a3cb",
    "windows-x86_64": "9d9ef30e9d5def4a41b6458eab43d3e03c08bf33bfed8c0d468f48abeddbfabe",
    "windows-aarch64": "a2388bd308bc73a906b8d5ca2f25f9f655219084482c12f0f20fee3fabf8c039",
  },
  crypto: {
    "linux-x86_64": "",
    "linux-aarch64": "",
    "macos-x86_64": "",
    "macos-aarch64": "",
    "windows-x86_64": "",
    "windows-aarch64": "",
  },
};
