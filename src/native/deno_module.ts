/**
 * The native library as a module of Node-API, on a Deno that may load this one library and
 * no other (`--allow-ffi=<path>`): it lets us call the library, and refuses every pointer
 * and every view of native memory (denoland/deno#15511). Modules are under the same
 * permission, and make ArrayBuffers themselves. Ours makes them of secrets and of nothing
 * else: see zig/node_api.zig.
 *
 * @module
 */
import { UnsupportedError } from "../errors.ts";
import { hostProcess } from "./process.ts";
import type { Signature } from "./symbols.ts";

/** A function that gives an ArrayBuffer, or nothing, where the symbol gives a pointer. */
type View = (...args: unknown[]) => ArrayBuffer | undefined;

/** The symbols that give a pointer; the others need no module. */
export function pointersOf(table: Record<string, Signature>): string[] {
  return Object.keys(table).filter((name) => table[name]?.result === "pointer");
}

/**
 * Functions of the module, for symbols that give a pointer: each gives an ArrayBuffer over
 * what is there, or null.
 *
 * @throws Whatever Deno throws if the library is no module, and an Error if it is another one.
 */
export function viewsOf(path: string, names: readonly string[]): Record<string, unknown> {
  const module = { exports: {} as Record<string, View | undefined> };
  hostProcess()?.dlopen(module, path);
  return Object.fromEntries(names.map((name) => {
    const view = module.exports[name];
    if (typeof view !== "function") throw new Error(`The module "${path}" has no ${name}`);
    return [name, (...args: unknown[]) => viewed(view, args)];
  }));
}

function viewed(view: View, args: readonly unknown[]): ArrayBuffer | null {
  try {
    return view(...args) ?? null;
  } catch (cause) {
    throw new UnsupportedError(
      "Cannot view the memory of a secret: this Deno makes no view of native memory for modules. " +
        "Run it with --allow-ffi, for every library",
      { cause },
    );
  }
}
