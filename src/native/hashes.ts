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
    "linux-x86_64": "eda2085ef423f856b2b8bb57784aad8194faf5872104c815ded3f5442d448712",
    "linux-aarch64": "1fc2809de44407a5cc5714517d1bd8c179ea8a0f845d11a61af12f5fb179d6c3",
    "macos-x86_64": "7a4730e037c3fdf7abd4f2ee5c527420f129904988e44e926ea10bcb8176932b",
    "macos-aarch64": "91bd3aac33c4d168e107786e09127e5e429a171c0cd4b82b7e5f93a4d0979263",
    "windows-x86_64": "7a56e9fedbd4e1fcacf2116580b8e3764d5285be74fb6009c984fcc26b6cc9c2",
    "windows-aarch64": "f3c90546ce1d9c58bc500037f4049bddd935bde4702df82c44b356def24705ce",
  },
};
