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
    "linux-x86_64": "cd334b7ba2770ad0f575f85e882ba1a02fc3d5d1c6c38e5f6fb1f4beaf120792",
    "linux-aarch64": "1f3f378a8fc9da535473c570c5760bb0af593777b93365fc22447b71adbbe7d4",
    "macos-x86_64": "50fe2a5df3cab0e495ebd99e36c925a7e6f7778989ee7729699c4a40dd7ccfaa",
    "macos-aarch64": "4526ccb3377cd5bf22eeb05ec9960174f00cdb5fdda867bef9300d550e628e4e",
    "windows-x86_64": "5210d18577e42e2aeae91f1220eae3e61e8c8da76329d7b56e5d216c330953f9",
    "windows-aarch64": "9b927b55a9e71fa65d1fa63506bfbc764abfb9c06f21811c77428e1678383a5c",
  },
  crypto: {
    "linux-x86_64": "f3cc9ae2af1a403811c7477ed33c5793d8955e0f57707674e31a844abd1896fa",
    "linux-aarch64": "bf6d6a84acef34b8b2b6360973f6e9643bab0d384e3a816b0a1bee094ad3df48",
    "macos-x86_64": "04f2e3b4c4c5183d2cd4dc2efd56cc272f8fef080f75000ae29d6a2a4aefa1ac",
    "macos-aarch64": "4f0049b7c636c5ebe5c0c208988bbe1e300deac37c3327af6ffa204fc7224091",
    "windows-x86_64": "e96241e148b73c435182e320064658446564f9772394827ebf993227dec94708",
    "windows-aarch64": "89da0e6ff367deade2afd2f81ddd499f2018dda2cc66fd6972d237353db9946d",
  },
};
