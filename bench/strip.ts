/**
 * The library as JavaScript, for a start-up measurement on Node: under node_modules Node
 * does not strip types, so what its users install is JavaScript, and stripping the types
 * of each file at each start is no cost of theirs.
 *
 * @module
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TARGET = join(ROOT, "bench/results/stripped");

/** Writes mod.js and src/ to bench/results/stripped. Node only. */
export function strip(): void {
  const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts")).map((name) => join("src", name));
  for (const file of ["mod.ts", ...files]) {
    const code = stripTypeScriptTypes(readFileSync(join(ROOT, file), "utf8"))
      .replaceAll(/(from "\.[^"]+)\.ts"/g, '$1.js"');
    const target = join(TARGET, file.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
}

/** Where the real native library is: beside the stripped files there is none. */
export function libraryOf(os: string, arch: string): string {
  return join(ROOT, `lib/${os}-${arch}/libsecurememory.so`);
}
