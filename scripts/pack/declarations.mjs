/**
 * The package's declarations: those files of what the compiler writes that an entry point
 * reaches, since the rest are about the inside.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import process from "node:process";
import { ROOT } from "../toolchain.mjs";

const SPECIFIER = /(\bfrom\s+|\bimport\s*\(\s*|^import\s+)"(\.{1,2}\/[^"]+)\.ts"/gm;

/** Writes the declarations of entry points (paths from the root, `mod.ts`) into a folder. */
export function declare(entries, folder) {
  const written = mkdtempSync(join(tmpdir(), "securememory-declarations-"));
  try {
    compile(entries, written);
    for (const path of reached(entries, written)) copy(path, written, folder);
  } finally {
    rmSync(written, { recursive: true });
  }
}

function compile(entries, folder) {
  const config = join(folder, "tsconfig.json");
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(ROOT, "tsconfig.json"),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        rewriteRelativeImportExtensions: true,
        stripInternal: true,
        typeRoots: [join(ROOT, "node_modules/@types")],
        rootDir: ROOT,
        outDir: folder,
      },
      include: entries.map((entry) => join(ROOT, entry)),
      exclude: [],
    }),
  );
  execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", config], {
    stdio: ["ignore", 2, 2],
  });
}

const declarationOf = (path) => path.replace(/\.ts$/, ".d.ts");

/** The modules whose declarations refer to one another, from the entry points on. */
function reached(entries, folder) {
  const found = new Set();
  const visit = (path) => {
    if (found.has(path)) return;
    found.add(path);
    const text = readFileSync(join(folder, declarationOf(path)), "utf8");
    for (const [, , target] of text.matchAll(SPECIFIER)) {
      visit(posix.join(posix.dirname(path), `${target}.ts`));
    }
  };
  for (const entry of entries) visit(entry);
  return found;
}

function copy(path, from, to) {
  const target = join(to, declarationOf(path));
  mkdirSync(dirname(target), { recursive: true });
  // The compiler leaves `.ts` in declarations, even where it rewrites it in code.
  const text = readFileSync(join(from, declarationOf(path)), "utf8");
  writeFileSync(target, text.replaceAll(SPECIFIER, '$1"$2.js"'));
}
