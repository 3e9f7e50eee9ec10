/**
 * bun:ffi.
 *
 * @module
 */
import { nodeFiles, readOr } from "./files.ts";
import { hostProcess, platform } from "./process.ts";
import type { Runtime } from "./runtime.ts";
import type { Calls, Signature } from "./symbols.ts";

interface BunFfi {
  dlopen(path: string, symbols: Record<string, { args: string[]; returns: string }>): {
    symbols: Record<string, unknown>;
  };
  /** Not `toBuffer`: without a deallocator that one frees foreign memory. */
  toArrayBuffer(pointer: unknown, byteOffset: number, byteLength: number): ArrayBuffer;
}

interface BunGlobal {
  /** Its size is 0 where there is no file. */
  file(path: string): { readonly size: number };
  mmap(path: string): Uint8Array;
  readonly SHA256: { hash(bytes: Uint8Array, form: "hex"): string };
}

const TYPES = {
  f64: "f64",
  u32: "u32",
  usize: "u64",
  i32: "i32",
  buffer: "ptr",
  pointer: "ptr",
  void: "void",
} as const;

/** bun:ffi, or `undefined` on another runtime. */
export function bun(): Runtime | undefined {
  const host = hostProcess();
  const version = host?.versions.bun;
  if (host === undefined || version === undefined) return undefined;
  const ffi = host.getBuiltinModule("bun:ffi") as BunFfi;
  const { SHA256, file, mmap } = (globalThis as unknown as { Bun: BunGlobal }).Bun;
  const own = nodeFiles(host);
  // Loading node:fs takes 2 ms; mapping a file 0.1.
  const files = {
    ...own,
    readFile(path: string): Uint8Array | "missing" | "unreadable" {
      const mapped = readOr(() => mmap(path));
      return mapped === "unreadable" ? own.readFile(path) : mapped;
    },
  };
  return {
    name: "bun",
    version,
    ...platform(host),
    refusal: () => undefined,
    ...files,
    mayExist: (path) => file(path).size > 0,
    readRefusal: () => undefined,
    folderRefusal: () => undefined,
    // Loading node:crypto takes 4 ms.
    sha256: (bytes) => SHA256.hash(bytes, "hex"),
    load<Table extends Record<string, Signature>>(path: string, table: Table): Calls<Table> {
      const symbols = Object.fromEntries(
        Object.entries(table).map(([name, { parameters, result }]) => [
          name,
          { args: parameters.map((type) => TYPES[type]), returns: TYPES[result] },
        ]),
      );
      return ffi.dlopen(path, symbols).symbols as Calls<Table>;
    },
    arrayBuffer: (pointer, byteLength) => ffi.toArrayBuffer(pointer, 0, byteLength),
    unref: (timer) => (timer as { unref(): void }).unref(),
    environment: (name) => host.env[name],
    environmentRefusal: () => undefined,
    ownsVariable: (name) => Object.hasOwn(host.env, name),
    forgetVariable: (name) => void delete host.env[name],
  };
}
