/**
 * How each runtime of the edge gets the WebAssembly module, as the conditions of package.json have
 * it: a plugin for esbuild.
 */
import { join } from "node:path";
import { ROOT } from "../toolchain.mjs";

/** Where the module is instead of in the JavaScript: runtimes that forbid to compile it from bytes. */
const MODULES = {
  "workerd": "module_workerd.ts",
  "edge-light": "module_edge_light.ts",
};

/** Conditions other than the default one. */
export const CONDITIONS = Object.keys(MODULES);

/** The file of WebAssembly stays a file, beside what is built. */
export function edgeModules(condition) {
  return {
    name: "edge-modules",
    setup(building) {
      const place = MODULES[condition];
      if (place === undefined) return;
      building.onResolve(
        { filter: /^\.\/module\.ts$/ },
        ({ importer }) =>
          importer.endsWith("src/edge/core.ts")
            ? { path: join(ROOT, "src/edge", place) }
            : undefined,
      );
      building.onResolve({ filter: /\.wasm(\?module)?$/ }, ({ path }) => ({
        path,
        external: true,
      }));
    },
  };
}
