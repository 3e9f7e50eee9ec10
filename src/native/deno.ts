/**
 * Deno's FFI. Nothing here ever prompts: each permission is looked up before it is used.
 *
 * There are two ways to a view of native memory. With a permission for all libraries Deno
 * makes one of a pointer; with a permission for ours alone a module does (`deno_module.ts`).
 * Which of the two is decided when the library is loaded.
 *
 * @module
 */
import { UnsupportedError } from "../errors.ts";
import { pointersOf, viewsOf } from "./deno_module.ts";
import { readOr } from "./files.ts";
import { hostProcess } from "./process.ts";
import type { Runtime } from "./runtime.ts";
import { sha256 } from "./sha256.ts";
import type { Calls, Signature } from "./symbols.ts";

interface PermissionStatus {
  readonly state: "granted" | "prompt" | "denied";
}

interface DenoNamespace {
  readonly version: { readonly deno: string };
  readonly build: {
    readonly os: string;
    readonly arch: string;
    /** In an executable of `deno compile`. */
    readonly standalone?: boolean;
  };
  readonly permissions: {
    querySync(
      descriptor:
        | { name: "ffi" | "read" | "write"; path?: string }
        | { name: "env"; variable: string },
    ): PermissionStatus;
  };
  readFileSync(path: string): Uint8Array;
  statSync(path: string): unknown;
  readonly env: { get(name: string): string | undefined };
  unrefTimer(id: number): void;
  dlopen(path: string | URL, symbols: unknown): { symbols: Record<string, unknown> };
  readonly UnsafePointerView: {
    getArrayBuffer(pointer: unknown, byteLength: number): ArrayBuffer;
  };
}

/** Deno's FFI, or `undefined` on another runtime. */
export function deno(): Runtime | undefined {
  // Bun and Node may have a `Deno` that somebody put there, without FFI: @deno/shim-deno has none.
  const host = (globalThis as { Deno?: DenoNamespace }).Deno;
  if (host?.version?.deno === undefined || host.dlopen === undefined) return undefined;
  const granted = (name: "ffi" | "read" | "write", path?: string): boolean =>
    host.permissions.querySync({ name, ...(path && { path }) }).state === "granted";
  const mayRead = (variable: string): boolean =>
    host.permissions.querySync({ name: "env", variable }).state === "granted";
  /** Whether a library may be used; without a path, any. */
  const mayUse = (path?: string): boolean => granted("ffi", path);
  return {
    name: "deno",
    version: host.version.deno,
    os: host.build.os === "darwin" ? "macos" : host.build.os,
    arch: host.build.arch,
    refusal(library: string | undefined): string | undefined {
      if (mayUse(library)) return undefined;
      return library === undefined
        ? "it is no file, so that FFI has to be allowed for every library: run Deno with --allow-ffi"
        : `FFI is not allowed: run Deno with --allow-ffi=${library}, or with --allow-ffi`;
    },
    mayExist(path: string): boolean {
      if (host.build.standalone === true) return false;
      if (!granted("read", path)) return true;
      try {
        host.statSync(path);
        return true;
      } catch {
        return false;
      }
    },
    readFile: (path) =>
      granted("read", path) ? readOr(() => host.readFileSync(path)) : "unreadable",
    readRefusal: (path) => granted("read", path) ? undefined : `Run Deno with --allow-read=${path}`,
    folderRefusal(path: string): string | undefined {
      if (granted("read", path) && granted("write", path)) return undefined;
      return `run Deno with --allow-read=${path} --allow-write=${path}`;
    },
    sha256,
    slowHash: true,
    // V8 has such arrays, and Deno turns them off: --typed-array-max-size-in-heap=0.
    load<Table extends Record<string, Signature>>(path: string, table: Table): Calls<Table> {
      if (mayUse()) return host.dlopen(path, table).symbols as Calls<Table>;
      const pointers = pointersOf(table);
      const others = Object.entries(table).filter(([name]) => !pointers.includes(name));
      const { symbols } = host.dlopen(path, Object.fromEntries(others));
      if (pointers.length === 0) return symbols as Calls<Table>;
      return { ...symbols, ...viewsOf(path, pointers) } as Calls<Table>;
    },
    arrayBuffer(pointer: unknown, byteLength: number): ArrayBuffer {
      // A module gives the view itself.
      if (pointer instanceof ArrayBuffer) return pointer;
      try {
        return host.UnsafePointerView.getArrayBuffer(pointer, byteLength);
      } catch (cause) {
        throw mayUse() ? cause : givenUp(cause);
      }
    },
    unref(timer: unknown): void {
      // A number up to Deno 2.8, an object as Node has it since.
      if (typeof timer === "number") host.unrefTimer(timer);
      else (timer as { unref(): void }).unref();
    },
    environment: (name) => mayRead(name) ? host.env.get(name) : undefined,
    environmentRefusal: (name) => mayRead(name) ? undefined : `Run Deno with --allow-env=${name}`,
    // It has no variables but those of the system.
    ownsVariable: () => false,
    // The native library has taken it from there. Workers of node:worker_threads have a copy.
    forgetVariable: (name) => void delete hostProcess()?.env[name],
  };
}

/** `Deno.permissions.revoke` after the library was loaded. */
function givenUp(cause: unknown): UnsupportedError {
  return new UnsupportedError(
    "Cannot view the memory of a secret: the permission for FFI was given up meanwhile. One for " +
      "the library alone may be, once it is loaded: --allow-ffi=<path of the securememory library>",
    { cause },
  );
}
