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
    "linux-x86_64": "9d5151cea4c0a1202a96ab23a72b1a0bc8c8323ec47e93d66422ea2fecdaa347",
    "linux-aarch64": "a8a97906b8b5c85ffc23dc712c7289580cd3a3066e34c6b70fe86a4c3617ae67",
    "macos-x86_64": "232da15c778c50c4ba68c831b975cfee6eb7ddeb1c7ad8f8152233878aa4f33e",
    "macos-aarch64": "a0e66dbd41af4f727429f153494e5d8d106c30d8bedfd04f8131a67e77a0a769",
    "windows-x86_64": "c3c2ad8975a1ce3f4f8c7beaa03e8bc35a1eb0107b3b9d56784407675280fccf",
    "windows-aarch64": "abb99c843551f6d61362db73468923f18ef76942d7246d26d0397249f6857ca6",
  },
  crypto: {
    "linux-x86_64": "b15ab680c2dcb621398b0e8da0734b38c6d0a38d9570a187675f901a983f063f",
    "linux-aarch64": "3e83e3b1a93d185bd8c35e145a4a0f2a939f795b05430b162ac6b7b63df4075c",
    "macos-x86_64": "415e38966be543a99fdf4fb20ed01d13750f6b8d0b18dadd2c9b8bc95e0cad22",
    "macos-aarch64": "5c5fb5132df73662ce6b6a1cbd9ba3dd2644f3f91d05e190f6b9eb15f880cac8",
    "windows-x86_64": "69f2ebbbaa848650a4e936b0ddb5a64d650acede9862e3b6e5e530f2004d80cd",
    "windows-aarch64": "9ae000e478e31fc1a086c66defa60e41d695badbdd69a30aafcb1cbebe126ede",
  },
};
