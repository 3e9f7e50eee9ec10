/**
 * The WebAssembly module as Cloudflare Workers have it: a file, compiled when the Worker is deployed.
 *
 * @module
 */
import module from "./securememory.wasm";

/** The module. */
export function wasmModule(): WebAssembly.Module {
  return module;
}
