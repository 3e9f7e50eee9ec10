/**
 * How each runtime of the edge gets the WebAssembly module, as the conditions of package.json have
 * it: plugins for esbuild.
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

/** An import of the module of `src/edge/core.ts`, which is what differs between the forms. */
const asked = ({ importer }) => importer.endsWith("src/edge/core.ts");

/** The file of WebAssembly stays a file, beside what is built. */
function keepFile(building) {
  building.onResolve({ filter: /\.wasm(\?module)?$/ }, ({ path }) => ({ path, external: true }));
}

/** One form alone: everything that it consists of. */
export function edgeModules(condition) {
  return {
    name: "edge-modules",
    setup(building) {
      const place = MODULES[condition];
      if (place === undefined) return;
      building.onResolve(
        { filter: /^\.\/module\.ts$/ },
        (args) => asked(args) ? { path: join(ROOT, "src/edge", place) } : undefined,
      );
      keepFile(building);
    },
  };
}

/** The entry points of all forms: what `edgeForms` makes of `edge.ts`. */
export const EDGE_ENTRIES = [
  { in: "edge-form:default", out: "edge" },
  ...CONDITIONS.map((condition) => ({ in: `edge-form:${condition}`, out: `edge.${condition}` })),
];

/**
 * All forms over the same code: an entry point each, which gives that code its module. Three times
 * the code would be a tenth of the JavaScript that is published.
 */
export function edgeForms() {
  const folder = join(ROOT, "src/edge");
  return {
    name: "edge-forms",
    setup(building) {
      building.onResolve(
        { filter: /^\.\/module\.ts$/ },
        (args) => asked(args) ? { path: join(folder, "module_given.ts") } : undefined,
      );
      building.onResolve({ filter: /^edge-form:/ }, ({ path }) => ({
        path: path.slice("edge-form:".length),
        namespace: "edge-form",
      }));
      building.onLoad({ filter: /.*/, namespace: "edge-form" }, ({ path: condition }) => ({
        resolveDir: folder,
        loader: "ts",
        contents: `import { giveModule } from "./module_given.ts";
import { wasmModule } from "./${MODULES[condition] ?? "module.ts"}";
giveModule(wasmModule);
export * from "../../edge.ts";
`,
      }));
      keepFile(building);
    },
  };
}
