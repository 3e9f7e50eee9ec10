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
    "linux-x86_64": "e009a1f6e9f48f621f128b88db4961300a031b6aaf1248a7b53988556f29507c",
    "linux-aarch64": "1d2d41143b016945223385a72d1c1dc9a718ace06df408849978b65e6ea44e4b",
    "macos-x86_64": "13ce1f5ace7a26f834552a77730c0cfc84597226c30bf3d89b5c7cf2c2f9a261",
    "macos-aarch64": "5f9e7a4d2555a97f23862ae1d3e869e62c7d96b7ca9925b26163ab5779c7aa53",
    "windows-x86_64": "c468916c4f852415d3c0841aab440ce13a4d8936e9a7921189500545367e90f3",
    "windows-aarch64": "45865dbdec4c32ef02644998c80f79e776220bda2f523d4430ba8e1ed98b1dd7",
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
