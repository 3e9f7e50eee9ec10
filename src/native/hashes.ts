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
    "linux-x86_64": "dc72db1b273cde4a3c247dab8f5d31feeb919853998a62b07bbc70cce08e20b0",
    "linux-aarch64": "9767d396d063c2bcac83a44747d90a4984a9b1f4ff94ff29399eeaa83d8511f4",
    "macos-x86_64": "cbe0c9f04e652c9bd9184732178cdc8f522c95d89c2e7726e7085c49be79a6cf",
    "macos-aarch64": "734398cd50e198ea6edd42c72e98bca64bc385a6acfd13773e2b9d83860d9a60",
    "windows-x86_64": "fefce113cbb36a7b9578a0cfe1d9ffa5d0efda0ae48de04eab4641aa114a472b",
    "windows-aarch64": "44a9f02d063b3821c86bf9ed1d70d363d3f87b1a5378e47953e9b27cc6b239e9",
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
    "linux-x86_64": "4939ea4bb6150ce6fa97e9d678797d055686f35509cd2e35ce84c58ccd72c832",
    "linux-aarch64": "53221d3fdc96b4a49c2c872135dac1b7c8877846cbe8510290e982a760ceb87a",
    "macos-x86_64": "1eee7b63866ce7f3d6fee06e138302d646153b593e55282a88e5fbf826bdb0c6",
    "macos-aarch64": "7756a9f602eb66019a6f7f7785e0a00e00d6d562c1af5516840915b7f78ab2f0",
    "windows-x86_64": "78c09274647c34acf6e3605b11b2bbdcc61b83ed71be2b9f6922af3af4617573",
    "windows-aarch64": "e20530cc30faa8962b772918db1e2f0224fe9e39f6d95241917d2c23023f3d79",
  },
};
