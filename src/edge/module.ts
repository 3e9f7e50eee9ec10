/**
 * The WebAssembly module, compiled from bytes that are part of the JavaScript. Two runtimes forbid
 * that: `module_workerd.ts` and `module_edge_light.ts` stand in this module's place there.
 *
 * @module
 */
import { library, order } from "../native/embedded/wasm.ts";
import { bytesOf } from "./printable.ts";

/** The module. Every engine has it compiled in a few milliseconds. */
export function wasmModule(): WebAssembly.Module {
  return new WebAssembly.Module(bytesOf(library, order));
}
