/**
 * node:ffi, Node 26 and later.
 *
 * @module
 */
import { nodeFiles } from "./files.ts";
import { hostProcess, platform } from "./process.ts";
import type { Runtime } from "./runtime.ts";
import type { Calls, Signature } from "./symbols.ts";

interface NodeFfi {
  dlopen(path: string, symbols: Record<string, { arguments: readonly string[]; return: string }>): {
    functions: Record<string, unknown>;
  };
  toArrayBuffer(pointer: unknown, byteLength: number, copy: boolean): ArrayBuffer;
}

/** node:ffi, or `undefined` on another runtime. */
export function node(): Runtime | undefined {
  const host = hostProcess();
  const version = host?.versions.node;
  if (host === undefined || version === undefined) return undefined;
  let loaded: NodeFfi | undefined;
  // Not before it is needed: it prints Node's warning that FFI is experimental.
  const ffi = () => loaded ??= host.getBuiltinModule("node:ffi") as NodeFfi;
  return {
    name: "node",
    version,
    ...platform(host),
    refusal(): string | undefined {
      if (host.permission !== undefined && !host.permission.has("ffi")) {
        return "the permission model is on and FFI is not allowed: run Node with --allow-ffi";
      }
      if (ffi() !== undefined) return undefined;
      return Number.parseInt(version) < 26
        ? `Node ${version} has no FFI: use Node 26.1 or later`
        : "FFI is off: run Node without --no-experimental-ffi";
    },
    ...nodeFiles(host),
    // V8 has such arrays, and Node turns them off: --typed-array-max-size-in-heap=0.
    readRefusal(path: string): string | undefined {
      if (host.permission === undefined) return undefined;
      const { resolve } = host.getBuiltinModule("node:path") as { resolve(path: string): string };
      const whole = resolve(path);
      if (host.permission.has("fs.read", whole)) return undefined;
      return `Run Node with --allow-fs-read=${whole}`;
    },
    folderRefusal(path: string): string | undefined {
      const may = (scope: string) => host.permission?.has(scope, path) ?? true;
      if (may("fs.read") && may("fs.write")) return undefined;
      return `run Node with --allow-fs-read=${path}/* --allow-fs-write=${path}/*`;
    },
    load<Table extends Record<string, Signature>>(path: string, table: Table): Calls<Table> {
      const symbols = Object.fromEntries(
        Object.entries(table).map(([name, { parameters, result }]) => [
          name,
          { arguments: parameters.map((type) => type === "usize" ? "u64" : type), return: result },
        ]),
      );
      return ffi().dlopen(path, symbols).functions as Calls<Table>;
    },
    arrayBuffer: (pointer, byteLength) => ffi().toArrayBuffer(pointer, byteLength, false),
    unref: (timer) => (timer as { unref(): void }).unref(),
    environment: (name) => host.env[name],
    environmentRefusal: () => undefined,
    ownsVariable: (name) => Object.hasOwn(host.env, name),
    forgetVariable: (name) => void delete host.env[name],
  };
}
