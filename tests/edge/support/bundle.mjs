/**
 * The suite as one module for a runtime of the edge: the project's own test files, over the edge's
 * Secret in place of the main entry's, and those of `tests/edge/cases`.
 *
 *     node tests/edge/support/bundle.mjs CONDITION FOLDER
 *
 *     CONDITION   workerd, edge-light or default: as package.json has them
 *     FOLDER      where bundle.mjs is written
 *
 * ENTRY in the environment names another module in place of the suite.
 */
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { edgeModules } from "../../../scripts/pack/edge.mjs";
import { FOUNDATION } from "./foundation.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SUPPORT = join(ROOT, "tests/edge/support");
const [condition, folder] = process.argv.slice(2);

const own = readdirSync(join(ROOT, "tests/edge/cases")).filter((name) => name.endsWith(".ts"))
  .sort();
const entry = process.env.ENTRY === undefined
  ? [
    ...FOUNDATION.map((name) => `import "../../${name}_test.ts";`),
    ...own.map((name) => `import "../cases/${name}";`),
    `export { run, cases } from "./run.ts";`,
  ].join("\n")
  : `export * from ${JSON.stringify(resolve(process.env.ENTRY))};`;

/** By the path that is imported, from wherever. */
const PLACES = {
  "node:test": "collector.ts",
  "node:assert/strict": "assert.ts",
  "node:buffer": "node.ts",
  "node:process": "node.ts",
  "node:fs": "node.ts",
  "./support/child.ts": "node.ts",
  "./child.ts": "node.ts",
  "./support/host.ts": "node.ts",
  "./support/rungs.ts": "rungs.ts",
  "./support/memory.ts": "memory.ts",
};

/** As the package has it: modules that wait for nothing, and no bytes of the native library's. */
const asPacked = {
  name: "as-packed",
  setup(building) {
    building.onResolve({ filter: /\/embedded\.ts$/ }, () => ({
      path: join(ROOT, "src/native/embedded_sync.ts"),
    }));
    building.onResolve({ filter: /^\.\/embedded\// }, ({ path }) => ({ path, external: true }));
  },
};

/** Vercel's bundler makes a compiled module of such an import: see `edge_runtime.mjs`. */
const wasmFile = {
  name: "wasm-file",
  setup(building) {
    if (condition !== "edge-light") return;
    building.onResolve(
      { filter: /\.wasm\?module$/ },
      ({ path }) => ({ path, namespace: "wasm-file" }),
    );
    building.onLoad({ filter: /.*/, namespace: "wasm-file" }, () => ({
      contents: "export default globalThis.wasmFile;",
    }));
  },
};

const inPlace = {
  name: "in-place",
  setup(building) {
    building.onResolve({ filter: /^(node:|\.\/)/ }, ({ path, importer }) => {
      const place = PLACES[path];
      if (place === undefined || importer.startsWith(SUPPORT)) return undefined;
      return { path: join(SUPPORT, place) };
    });
    building.onResolve(
      { filter: /^(\.\.\/)+mod\.ts$/ },
      ({ importer }) =>
        importer.startsWith(join(ROOT, "tests/")) && process.env.ENTRY === undefined
          ? { path: join(ROOT, "edge.ts") }
          : undefined,
    );
    building.onResolve({ filter: /^vectors$/ }, () => ({ path: "vectors", namespace: "vectors" }));
    building.onLoad({ filter: /.*/, namespace: "vectors" }, () => {
      const files = readdirSync(join(ROOT, "tests/vectors"));
      const texts = files.map((
        name,
      ) => [name, readFileSync(join(ROOT, "tests/vectors", name), "utf8")]);
      return { contents: JSON.stringify(Object.fromEntries(texts)), loader: "json" };
    });
  },
};

mkdirSync(folder, { recursive: true });
const { metafile } = await build({
  stdin: { contents: entry, resolveDir: SUPPORT, sourcefile: "entry.ts", loader: "ts" },
  bundle: true,
  format: condition === "edge-light" ? "iife" : "esm",
  globalName: "suite",
  target: "es2022",
  outfile: join(folder, "bundle.mjs"),
  // Deno 2.9 does not parse every pair of escapes that esbuild writes.
  charset: "utf8",
  metafile: true,
  // Vercel has scripts, which have no such thing; and the tests' files are in the bundle.
  define: condition === "edge-light" || process.env.ENTRY === undefined
    ? { "import.meta.url": JSON.stringify("file:///suite/") }
    : {},
  // The manifest says that no module does anything when it starts; tests do.
  ignoreAnnotations: true,
  logLevel: "warning",
  plugins: [wasmFile, edgeModules(condition), asPacked, inPlace],
});
copyFileSync(join(ROOT, "lib/wasm/securememory.wasm"), join(folder, "securememory.wasm"));
console.log(JSON.stringify(Object.keys(metafile.inputs).map((path) => basename(path) && path)));
