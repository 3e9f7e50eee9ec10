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
    "linux-x86_64": "b8f2f92fb7c2341e7916fde57ce0c253e0e268b3dc64116a3e9b76f42c6d389d",
    "linux-aarch64": "4fe5045e78d7ce8fd3d387e3f001513e5e11ca5f72e6ff009b518a81d6f0296a",
    "macos-x86_64": "d4006992c7b602f01a852f5840fa5093b51ac63e4ea3cb804cf51b057e8e4fa2",
    "macos-aarch64": "95d7d63469bd288ab943391d40dcdc4522454208db729e7fe725d7b5f8d2a80e",
    "windows-x86_64": "55f7d9da59715c2b364d5b24586f692f9fe9288207bb8a397df35bcb1466a1ac",
    "windows-aarch64": "34902848f0e16294347ef837c60ecc87b530fcbae0d1b953ceb52d8c8ec9ba67",
  },
  crypto: {
    "linux-x86_64": "3fb2d12a3c087d582103cf4de37c429453551ad5d8f56c64d2bbfd074db8e3e0",
    "linux-aarch64": "b76d1573212f0d26e1f06467372565ee7171e65cae229f07a1d8800417b84a10",
    "macos-x86_64": "c1a5a893b476d5587752ac8a970123aa8eccffdef74b714b39697cd6430f1a9d",
    "macos-aarch64": "2bfd5b2e4c03681513cfa93e54ca1b2f7f64da2b6c6d8738877534a8a3928ea7",
    "windows-x86_64": "3378338f172b89dd0ab5473bbc18701db1e426fd6d144b7567d10918c89a7a46",
    "windows-aarch64": "7aed263787e681f8d2a336d0fb9ebce11538d7a6cd608cb65be4323369ccdb71",
  },
  extra: {
    "linux-x86_64": "3567b3d85fdbab9e6603ec63661d8dba868e55fdc268cfb1a8b75e38c2a1d92b",
    "linux-aarch64": "6472e24c78dca9115067e71aecb75324f0022faa6256d3958cae87aa77307251",
    "macos-x86_64": "374aa867cbc3fb5818e1e649f40b687f36e6acb730b086dff2e8b46a84f9f5c0",
    "macos-aarch64": "c96969e1d6798217e0c13418045b92c6e89315a88f7425651788a167f19d0bbd",
    "windows-x86_64": "939facb182ad60ea258c3aa9ff8b92a9222d673d11bfbddb23412a0d58edaf44",
    "windows-aarch64": "3181457aa2f484ae7e33319f938c050249ef3612025834c7cdafa4caeeb77fc1",
  },
};
