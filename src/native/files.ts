/**
 * Files and hashes by Node's modules, for the runtimes that have no better way.
 *
 * @module
 */
import type { Process } from "./process.ts";
import type { Runtime } from "./runtime.ts";

interface FileSystem {
  existsSync(path: string): boolean;
  readFileSync(path: string): Uint8Array;
}

interface Crypto {
  createHash(name: string): { update(bytes: Uint8Array): { digest(form: "hex"): string } };
}

/** Node's modules are not loaded before they are needed. */
export function nodeFiles(
  of: Process,
): Pick<Runtime, "mayExist" | "readFile" | "sha256" | "slowHash"> {
  const files = () => of.getBuiltinModule("node:fs") as FileSystem;
  return {
    slowHash: false,
    mayExist: (path) => files().existsSync(path),
    readFile: (path) => readOr(() => files().readFileSync(path)),
    sha256(bytes) {
      const { createHash } = of.getBuiltinModule("node:crypto") as Crypto;
      return createHash("sha256").update(bytes).digest("hex");
    },
  };
}

/** What is read, or why nothing is. All three runtimes give the system's code. */
export function readOr(read: () => Uint8Array): Uint8Array | "missing" | "unreadable" {
  try {
    return read();
  } catch (error) {
    const { code } = error as { code?: string };
    return code === "ENOENT" || code === "ENOTDIR" ? "missing" : "unreadable";
  }
}
