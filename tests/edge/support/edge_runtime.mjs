/**
 * Runs a bundle in edge-runtime, and prints what `suite.run()` resolves to.
 *
 *     node edge_runtime.mjs EDGE_RUNTIME FOLDER
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";

const [packageFolder, folder] = process.argv.slice(2);
const { EdgeRuntime } = createRequire(join(packageFolder, "package.json"))("edge-runtime");

const runtime = new EdgeRuntime({
  // What Vercel's bundler does with an import of a file and `?module`.
  extend: (context) => {
    context.wasmFile = new WebAssembly.Module(readFileSync(join(folder, "securememory.wasm")));
    return context;
  },
  // It puts a function around TypeError, which is then not what an error's constructor is.
  initialCode: `try { null.property } catch ({ constructor }) { globalThis.TypeError = constructor }
    ${readFileSync(join(folder, "bundle.mjs"), "utf8")}
    addEventListener("fetch", (event) => {
      event.respondWith(suite.run().then((answer) => Response.json(answer)));
    });`,
});
const answer = await runtime.dispatchFetch("https://edge.invalid/");
console.log(await answer.text());
process.exit(0);
