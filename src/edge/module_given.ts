/**
 * What stands in the place of `module.ts` in the package for npm: its entry points share all of
 * the edge's code, and each gives it the module in the form that its runtime can have.
 *
 * @module
 */

let given: () => WebAssembly.Module;

/** Says where the module is. Entry points do, when they are imported. */
export function giveModule(wasmModule: () => WebAssembly.Module): void {
  given = wasmModule;
}

/** The module. */
export function wasmModule(): WebAssembly.Module {
  return given();
}
