/**
 * Files, as far as the runtime lets them be read: nothing here prompts, and nothing throws
 * for a permission that is missing.
 *
 * Built-in modules come by `process.getBuiltinModule`, as in the rest of the library: it
 * imports nothing from outside, so that it loads wherever it is shown or bundled.
 *
 * @module
 */
import { hostProcess } from "../native/process.ts";

/** What is used of node:fs. */
interface FileSystem {
  readFileSync(path: string): Uint8Array;
  statSync(path: string): { isFile(): boolean };
  openSync(path: string, flags: string, mode: number): number;
  writeSync(file: number, bytes: Uint8Array, offset: number): number;
  fsyncSync(file: number): void;
  closeSync(file: number): void;
  unlinkSync(path: string): void;
  mkdirSync(path: string, mode: number): void;
}

type Permission = { readonly name: "read" | "write"; readonly path: string };

interface DenoNamespace {
  readonly permissions: { querySync(permission: Permission): { readonly state: string } };
}

/** node:fs, on every runtime. */
export function fileSystem(): FileSystem {
  return hostProcess()?.getBuiltinModule("node:fs") as FileSystem;
}

/** False where using the file would be refused, or on Deno make it ask. */
export function isPermitted(name: "read" | "write", path: string): boolean {
  const deno = (globalThis as { Deno?: Partial<DenoNamespace> }).Deno;
  if (deno?.permissions?.querySync !== undefined) {
    return deno.permissions.querySync({ name, path }).state === "granted";
  }
  return hostProcess()?.permission?.has(name === "read" ? "fs.read" : "fs.write", path) ?? true;
}

/** The content of a file; `undefined` if it is not there, or may not be read. */
export function readBytes(path: string): Uint8Array | undefined {
  if (hostProcess() === undefined || !isPermitted("read", path)) return undefined;
  try {
    return fileSystem().readFileSync(path);
  } catch {
    // Deno refuses /proc and /sys to all but --allow-all, whatever may be read.
    return undefined;
  }
}

/** The same as text, in Latin letters at least. */
export function readText(path: string): string | undefined {
  const bytes = readBytes(path);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/** Whether there is such a file, and it may be read. */
export function canRead(path: string): boolean {
  return readBytes(path) !== undefined;
}
