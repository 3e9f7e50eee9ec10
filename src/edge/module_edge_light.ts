/**
 * The WebAssembly module as Vercel's Edge has it: a file, compiled when the function is deployed.
 *
 * @module
 */
import module from "./securememory.wasm?module";

/** The module. */
export function wasmModule(): WebAssembly.Module {
  return module;
}
