/**
 * The signing key: a file that only its owner may read, as a deployment has it.
 *
 * @module
 */
import { statSync } from "node:fs";
import { Secret } from "../mod.ts";

/** What `loadKey` gives. */
export interface LoadedKey {
  readonly key: Secret;
  /** Permission bits of the file. */
  readonly mode: number;
}

/** Reads a key file into a secret: the system writes to the page, and to nothing else of the process. */
export function loadKey(path: string): LoadedKey {
  return {
    key: Secret.fromFile(path, { label: "webhook signing key" }),
    mode: statSync(path).mode,
  };
}
