/**
 * The package's JavaScript: the entry points bundled by esbuild, readable, what they share in
 * chunks; and the native libraries' bytes, a module each. Comments are in the declarations alone,
 * where editors look for them. No sources and no source maps: with them the tarball would be
 * beyond its limit.
 */
import { build, transformSync } from "esbuild";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { brotli } from "../brotli.mjs";
import { LIBRARIES, WASM } from "../libraries.mjs";
import { ROOT } from "../toolchain.mjs";
import { EDGE_ENTRIES, edgeForms } from "./edge.mjs";

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

const FORM = { target: "esnext", charset: "utf8", logLevel: "warning" };

/** Bundles entry points (paths from the root, `mod.ts`) into a folder. */
export async function bundle(entries, folder) {
  await build({
    absWorkingDir: ROOT,
    entryPoints: [
      ...entries.filter((entry) => entry !== "edge.ts")
        .map((entry) => ({ in: entry, out: entry.replace(/\.ts$/, "") })),
      ...EDGE_ENTRIES,
    ],
    outdir: folder,
    ...FORM,
    bundle: true,
    format: "esm",
    platform: "neutral",
    splitting: true,
    chunkNames: "shared-[hash]",
    // Together with the white space, which comes back, it leaves comments out.
    minifyWhitespace: true,
    plugins: [embedded, edgeForms()],
  });
  const modules = readdirSync(folder).map((name) => join(folder, name));
  for (const path of modules) {
    writeFileSync(path, tidy(transformSync(readFileSync(path, "utf8"), FORM).code));
  }
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
  // The edge where WebAssembly has to be a file.
  copyFileSync(join(ROOT, WASM), join(folder, basename(WASM)));
}

function tidy(text) {
  return text
    // A module of src/native finds lib/ two folders up, a bundle one.
    .replaceAll("`../../lib/", "`../lib/")
    // A `require` of the bundler's own hides from the next bundler what is required.
    .replace(/^var __require = [^]*?^\}\);\n/m, "")
    .replaceAll("__require(", "require(")
    // Where one chunk has it and another one uses it.
    .replace(/^((?:im|ex)port \{.*?)\b__require, /gm, "$1");
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
