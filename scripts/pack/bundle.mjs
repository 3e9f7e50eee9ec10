/**
 * The package's JavaScript: the entry points bundled by esbuild, readable, what they share in
 * chunks; and the native libraries' bytes, a module each. No sources and no source maps: with
 * them the tarball would be beyond its limit.
 */
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { brotli } from "../brotli.mjs";
import { LIBRARIES, WASM } from "../libraries.mjs";
import { ROOT } from "../toolchain.mjs";
import { CONDITIONS, edgeModules } from "./edge.mjs";

/** The package's bytes are loaded by `require`, so that its modules wait for nothing. */
const embedded = {
  name: "embedded",
  setup(building) {
    building.onResolve({ filter: /\/embedded\.ts$/ }, () => ({
      path: join(ROOT, "src/native/embedded_sync.ts"),
    }));
    // A file for each library, of which a user's bundler takes those that it wants.
    building.onResolve({ filter: /^\.\/embedded\// }, ({ path }) => ({ path, external: true }));
  },
};

const FORM = {
  bundle: true,
  format: "esm",
  platform: "neutral",
  target: "esnext",
  charset: "utf8",
  logLevel: "warning",
};

/** The edge where WebAssembly has to be a file: a module for each condition, and the file beside them. */
async function bundleEdge(folder) {
  for (const condition of CONDITIONS) {
    await build({
      absWorkingDir: ROOT,
      entryPoints: [{ in: "edge.ts", out: `edge.${condition}` }],
      outdir: folder,
      ...FORM,
      plugins: [edgeModules(condition)],
    });
  }
  copyFileSync(join(ROOT, WASM), join(folder, basename(WASM)));
}

/** Bundles entry points (paths from the root, `mod.ts`) into a folder. */
export async function bundle(entries, folder) {
  await build({
    absWorkingDir: ROOT,
    entryPoints: entries,
    outdir: folder,
    ...FORM,
    splitting: true,
    chunkNames: "shared-[hash]",
    plugins: [embedded],
  });
  const modules = readdirSync(folder).map((name) => join(folder, name));
  for (const path of modules) writeFileSync(path, tidy(readFileSync(path, "utf8")));
  const code = modules.map((path) => readFileSync(path, "utf8")).join("");
  expect(code, /`\.\.\/lib\/\$\{/g, 1, "place that looks for lib/");
  expect(
    code,
    /\brequire\("\.\/embedded\/\w+\.js"\)/g,
    LIBRARIES.length,
    "library that is embedded",
  );
  expect(code, /__require/g, 0, "require() that bundlers cannot see through");
  expect(code, /"(?:\.\.\/){2}|`(?:\.\.\/){2}/g, 0, "path that leads out of the package");
  writeEmbedded(join(folder, "embedded"));
  await bundleEdge(folder);
}

function tidy(text) {
  return text
    // A module of src/native finds lib/ two folders up, a bundle one.
    .replaceAll("`../../lib/", "`../lib/")
    // A `require` of the bundler's own hides from the next bundler what is required.
    .replace(/^var __require = [^]*?^\}\);\n/m, "")
    .replaceAll("__require(", "require(")
    // Where it was in a chunk of its own.
    .replace(/^ {2}__require,?\n/gm, "");
}

function expect(code, pattern, wanted, what) {
  const found = code.match(pattern)?.length ?? 0;
  if (found === wanted) return;
  throw new Error(`Cannot bundle: a ${what} is there ${found} times, wanted is ${wanted}`);
}

function writeEmbedded(folder) {
  mkdirSync(folder);
  // All in Brotli's format: src/native/embedded_sync.ts has Node's module for it.
  for (const { part, target, path, embedded } of LIBRARIES) {
    const text = brotli(readFileSync(join(ROOT, path))).toString("base64");
    writeFileSync(
      join(folder, `${embedded}.js`),
      `/** The native library "${part}" for ${target.os} on ${target.arch}. */\n` +
        `/** Base64 of Brotli's format (RFC 7932). */\n` +
        `export const library =\n  "${text}";\n`,
    );
  }
}
