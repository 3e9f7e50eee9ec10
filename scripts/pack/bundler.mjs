/**
 * What of the bundling runs in Bun: its bundler takes plugins only there.
 *
 *     bun bundler.mjs FOLDER ENTRY...
 */
import { join } from "node:path";

const [folder, ...entries] = process.argv.slice(2);
const root = join(import.meta.dir, "../..");

/** The package's bytes are loaded by `require`, so that its modules wait for nothing. */
const embedded = {
  name: "embedded",
  setup(build) {
    build.onResolve({ filter: /\/embedded\.ts$/ }, () => ({
      path: join(root, "src/native/embedded_sync.ts"),
    }));
    // A file for each target, of which a user's bundler takes those that it wants.
    build.onResolve({ filter: /^\.\/embedded\// }, ({ path }) => ({ path, external: true }));
  },
};

await Bun.build({
  entrypoints: entries.map((entry) => join(root, entry)),
  outdir: folder,
  root,
  format: "esm",
  // Not `bun`: that marks the files as Bun's own.
  target: "node",
  splitting: true,
  naming: { entry: "[name].js", chunk: "shared-[hash].js" },
  plugins: [embedded],
});
