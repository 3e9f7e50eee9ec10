/**
 * The signing key: a file that only its owner may read, as a deployment has it.
 *
 * @module
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Secret } from "../mod.ts";

/** What `loadKey` gives. */
export interface LoadedKey {
  readonly key: Secret;
  /** The array that the file was read into: all zero by now. */
  readonly source: Uint8Array;
  /** Permission bits of the file. */
  readonly mode: number;
}

/**
 * Reads a key file into a secret.
 *
 * Straight into an array of our own: `readFileSync` may leave a second copy behind, in a
 * buffer that nobody can wipe.
 */
export function loadKey(path: string): LoadedKey {
  const file = openSync(path, "r");
  try {
    const { size, mode } = fstatSync(file);
    const source = new Uint8Array(size);
    if (readSync(file, source) !== size) throw new Error(`Cannot read all of "${path}"`);
    return { key: Secret.from(source, { label: "webhook signing key" }), source, mode };
  } finally {
    closeSync(file);
  }
}
