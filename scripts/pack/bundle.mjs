/**
 * The package's JavaScript: the entry points bundled by Bun, what they share in chunks, with
 * source maps that point at the TypeScript sources of the package.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { findBun, ROOT } from "../toolchain.mjs";

/** Bundles entry points (paths from the root, `mod.ts`) into a folder. */
export function bundle(entries, folder) {
  execFileSync(findBun(), [
    ...["build", ...entries, "--outdir", folder],
    ...["--format=esm", "--splitting", "--sourcemap=linked"],
    // Not `bun`: that marks the files as Bun's own, and would use its `import.meta.require`.
    "--target=node",
    ...["--entry-naming=[name].js", "--chunk-naming=shared-[hash].js"],
  ], { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  const names = readdirSync(folder);
  for (const name of names.filter((name) => name.endsWith(".js.map"))) {
    tidyMap(join(folder, name));
  }
  for (const name of names.filter((name) => name.endsWith(".js"))) tidyCode(join(folder, name));
}

/** The sources are in the package: their text need not be in the map, nor a path of this machine. */
function tidyMap(path) {
  const { version, sources, names, mappings } = JSON.parse(readFileSync(path, "utf8"));
  const inPackage = sources.map((source) =>
    `../${relative(ROOT, join(path, "..", source)).replaceAll("\\", "/")}`
  );
  writeFileSync(path, JSON.stringify({ version, sources: inPackage, names, mappings }));
}

function tidyCode(path) {
  const code = readFileSync(path, "utf8")
    // A module of src/native finds lib/ two folders up, a bundle one.
    .replaceAll("`../../lib/", "`../lib/")
    .replace(/^\/\/# debugId=.*\n?/m, "");
  if (/\.\.\/\.\.\//.test(code)) {
    throw new Error(`${basename(path)} has a path that is not one of the package: "../../"`);
  }
  writeFileSync(path, code);
}
