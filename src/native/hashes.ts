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
    "linux-x86_64": "ff3cba94c23d7f188e8c113d36474c35f08bed43f8896afe5157864729fb618f",
    "linux-aarch64": "fd8658d8e9de66bebf597f40d3911b0627dcc070f92d2caf2a4c184e932ffafc",
    "macos-x86_64": "c8a1a048cc66609d4e944abde12d8291acfc25ec6b0610ac154190e38e9a965c",
    "macos-aarch64": "b7c9689ebc0da299fc1082141cf3c1df2d4b18eb680156cf85d2c74774851f34",
    "windows-x86_64": "b387eaa4b2caf078e56d2f608a5194d5e7ee404dcbddafaec98d9135882c3dad",
    "windows-aarch64": "82ab677fd6a1c944ad81794a181ae2adf7e372919cd487896aeb2d410179aaa0",
  },
  crypto: {
    "linux-x86_64": "f259d388ce68273ec04d0b7702f9061196e10c9f82dce3c6552cbc307b67fac6",
    "linux-aarch64": "0b229224c113d3815bca301d2ecfa285a8f6df6789a058afb9a6ccf9be4339ec",
    "macos-x86_64": "e1a4d8be3e3bd2b25f39805f4f7611b7e41e651ae1b07be6760e7d3b20497807",
    "macos-aarch64": "8396e60e80894fe1ff09e18976cd6a6616e78a6c8eb48e06d7451eb9200c2333",
    "windows-x86_64": "33bb72e3b0ef0ab1758b79747a75f38a865c320f62873bc3648eb164c316c289",
    "windows-aarch64": "09bfebedd18dd893a229e52eaf3936350cfdbeddba56260411ffb339dd78a49d",
  },
};
