/**
 * Deno's FFI. Nothing here ever prompts: each permission is looked up before it is used.
 *
 * @module
 */
import { readOr } from "./process.ts";
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
  const granted = (name: "ffi" | "read" | "write", path?: string) =>
    host.permissions.querySync({ name, path }).state === "granted";
  return {
    name: "deno",
    version: host.version.deno,
    os: host.build.os === "darwin" ? "macos" : host.build.os,
    arch: host.build.arch,
    refusal(library: string | undefined): string | undefined {
      if (granted("ffi")) return undefined;
      return library !== undefined && granted("ffi", library)
        ? "--allow-ffi=<path> is not enough, since Deno then refuses views of native memory " +
          "(denoland/deno#15511): run Deno with --allow-ffi"
        : "FFI is not allowed: run Deno with --allow-ffi";
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
    folderRefusal(path: string): string | undefined {
      if (granted("read", path) && granted("write", path)) return undefined;
      return `run Deno with --allow-read=${path} --allow-write=${path}`;
    },
    sha256,
    load<Table extends Record<string, Signature>>(path: string, table: Table): Calls<Table> {
      return host.dlopen(path, table).symbols as Calls<Table>;
    },
    arrayBuffer: (pointer, byteLength) =>
      host.UnsafePointerView.getArrayBuffer(pointer, byteLength),
    unref(timer: unknown): void {
      // A number up to Deno 2.8, an object as Node has it since.
      if (typeof timer === "number") host.unrefTimer(timer);
      else (timer as { unref(): void }).unref();
    },
    environment(name: string): string | undefined {
      const status = host.permissions.querySync({ name: "env", variable: name });
      return status.state === "granted" ? host.env.get(name) : undefined;
    },
  };
}
