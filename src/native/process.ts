/**
 * The few parts of the `process` global that all three runtimes have, typed here so
 * that the library's types need none of the runtimes' own.
 *
 * @module
 */

import type { Runtime } from "./runtime.ts";

interface Process {
  readonly versions: { readonly [name: string]: string | undefined };
  readonly env: { readonly [name: string]: string | undefined };
  readonly platform: string;
  readonly arch: string;
  readonly argv: readonly string[];
  exitCode?: unknown;
  readonly permission?: { has(scope: string, reference?: string): boolean };
  getBuiltinModule(name: string): unknown;
  geteuid?(): number;
  /** Loads a module of Node-API: fills `module.exports`. */
  dlopen(module: { exports: unknown }, path: string): void;
}

/**
 * The `process` global, or `undefined` where there is none (a browser, say). Looked up when it is
 * needed: Deno takes 10 ms to make it.
 */
export function hostProcess(): Process | undefined {
  return (globalThis as { process?: Process }).process;
}

const OPERATING_SYSTEMS: { readonly [platform: string]: string } = {
  darwin: "macos",
  win32: "windows",
};

const ARCHITECTURES: { readonly [arch: string]: string } = { x64: "x86_64", arm64: "aarch64" };

/** The operating system and processor, by the names that our libraries' folders have. */
export function platform(of: Process): { os: string; arch: string } {
  return {
    os: OPERATING_SYSTEMS[of.platform] ?? of.platform,
    arch: ARCHITECTURES[of.arch] ?? of.arch,
  };
}

/** The path of a file URL. `node:url` does the same, and takes Bun 1.5 ms to load. */
export function pathOf(url: URL, os: string): string {
  const path = decodeURIComponent(url.pathname);
  return os === "windows" ? path.slice(1) : path;
}

interface FileSystem {
  existsSync(path: string): boolean;
  readFileSync(path: string): Uint8Array;
}

interface Crypto {
  createHash(name: string): { update(bytes: Uint8Array): { digest(form: "hex"): string } };
}

/** Files and hashes by Node's modules, which are not loaded before they are needed. */
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
