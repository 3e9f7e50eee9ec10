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
    "linux-aarch64": "fd8658d8e9de66bebf597f40d3911b0627dcc070f92d2caf2a4c184e932ffafc",
    "macos-x86_64": "c8a1a048cc66609d4e944abde12d8291acfc25ec6b0610ac154190e38e9a965c",
    "macos-aarch64": "b7c9689ebc0da299fc1082141cf3c1df2d4b18eb680156cf85d2c74774851f34",
    "windows-x86_64": "b387eaa4b2caf078e56d2f608a5194d5e7ee404dcbddafaec98d9135882c3dad",
    "windows-aarch64": "82ab677fd6a1c944ad81794a181ae2adf7e372919cd487896aeb2d410179aaa0",
  },
  crypto: {
    "linux-x86_64": "b15ab680c2dcb621398b0e8da0734b38c6d0a38d9570a187675f901a983f063f",
    "linux-aarch64": "05ca44bba9f69c2fb07dc67cc983aaff16445876f2415abb60f750cbb207e845",
    "macos-x86_64": "dfa0515ce053fab94b66b75976b1cbf6554f08a5ecbdff058d4d35dc86f09838",
    "macos-aarch64": "61325a82893a97de59986f40e26d375e452895c0792488748509431f7f624dc9",
    "windows-x86_64": "e96241e148b73c435182e320064658446564f9772394827ebf993227dec94708",
    "windows-aarch64": "89da0e6ff367deade2afd2f81ddd499f2018dda2cc66fd6972d237353db9946d",
  },
};
