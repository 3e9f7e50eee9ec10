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
    "linux-x86_64": "364e105cf72e2b5e8c53dd867e86c96f224b7d969048cc90daf0699850251d01",
    "linux-aarch64": "50f3ca108a53cceb81f751579b89716959061e4576f587afe725aa7d0858840a",
    "macos-x86_64": "f5d90638fc674860df3a2af5b988bca0e38aab108b8c103c942eb6f690107f2d",
    "macos-aarch64": "79960a596c226da961fc482927424f0856910cccd71127b4bcd37ef6f653b548",
    "windows-x86_64": "d26bb4cc9f4034424c5fc9c922e40f533da1426021712468d23472e670a4c9f7",
    "windows-aarch64": "17d9cfb04ce8147799a2b97ae8e68bd5c8470fec78eb262b9e5feca3c2fc5f2d",
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
    "linux-x86_64": "4c0e994b5a20fe3b003f787b026a001864e145c729ce162f92f788c224d82fb7",
    "linux-aarch64": "4911c6213b53dc2bc724cec04f32fd88948df4d1aa4ee263472db546282730a3",
    "macos-x86_64": "83848adecb263b3ff7af2b062e3ae14279a8f558af1a0715a95643a6699e32b7",
    "macos-aarch64": "9e435a847c2b89399c32b58cae8913bc8470376b8186a05b6c0fb6f564ced5dc",
    "windows-x86_64": "b97cb606c72cc0ff489584ae6bcaca825c1036d4e236412c12d4bb4b7efd6d7b",
    "windows-aarch64": "d03b5f36bc279ae73a4019484ddf509e5168f5a30e976effa7f538d84c4bad44",
  },
};
