/**
 * The SHA-256 of each native library. Written by scripts/embed.mjs; building the libraries
 * again, anywhere, has to give the same.
 *
 * @module
 */

/** By operating system and processor. */
export const HASHES: { readonly [target: string]: string } = {
  "linux-x86_64": "981c620dc2284654f3f5c7b2174d3cd5e3dc8916791943e668123677e00a29d7",
  "linux-aarch64": "d363cc593b4e8d70e45fae8d46c4d1dd96bf9aac611cf88a7b75b4020f175572",
  "macos-x86_64": "4d3316a19007de2fff32bb10a21ca5ce79594cab4b6ffafa36abea65f7f9ceb0",
  "macos-aarch64": "31a5d35acdd5de54e545ae7c4c826c2f4b4085bf81bf4e5384ca5ad0f72c4adb",
  "windows-x86_64": "0282beaad4aece7e5fad94291cb1b8317df6612a79ff6766be8ec01a73ca7262",
  "windows-aarch64": "497bdbb98aed7bf572aefc18ffc9072b940c7eb84f2b22ada9fd587ef5224177",
};
