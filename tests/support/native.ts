/**
 * Native libraries that tests load besides ours: small ones, built with Zig when they
 * are needed, from `tests/native`.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { ROOT } from "./child.ts";
import { unless } from "./skip.ts";

interface Toolchain {
  findZig(): string | undefined;
  findDeno(): string | undefined;
}

/** Where the project's tools are; plain JavaScript, which needs its types from here. */
export const toolchain: Toolchain = await import(
  new URL("../../scripts/toolchain.mjs", import.meta.url).href
);
const zig = toolchain.findZig();

/** The option `skip` of a test that builds a library of `tests/native`. */
export const withoutZig: string | false = process.platform === "linux"
  ? unless("zig", zig !== undefined, "Zig is not installed; scripts/setup.mjs does it")
  : unless("linux", false, "the library is for Linux");

/** The path of Zig; for tests that are skipped by {@linkcode withoutZig}. */
export function zigPath(): string {
  if (zig === undefined) throw new Error("Zig is not installed");
  return zig;
}

/** Calls `use` with a temporary folder, which is gone afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "securememory-test-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Puts the library of `tests/native/<name>.zig` into a folder. It may import the core's
 * `abi`. Built once for the same sources: an emulated machine takes minutes for it.
 */
export function buildNative(name: string, folder: string): string {
  const sources = [join(ROOT, "tests/native", `${name}.zig`), join(ROOT, "zig/abi.zig")] as const;
  const hash = createHash("sha256");
  for (const source of sources) hash.update(readFileSync(source));
  const kept = join(ROOT, "zig-out/tests", `${name}-${hash.digest("hex").slice(0, 16)}.so`);
  const path = join(folder, `${name}.so`);
  if (!existsSync(kept)) keep(compile(name, sources, path), kept);
  else copyFileSync(kept, path);
  return path;
}

/** Appears whole: the suites of several runtimes may run at once. */
function keep(path: string, kept: string): void {
  mkdirSync(dirname(kept), { recursive: true });
  const unfinished = `${kept}.${process.pid}`;
  copyFileSync(path, unfinished);
  renameSync(unfinished, kept);
}

function compile(name: string, [root, abi]: readonly [string, string], path: string): string {
  execFileSync(zigPath(), [
    ...["build-lib", "-dynamic", "-O", "small", "-fstrip", "-target", "native-linux-none"],
    ...["--cache-dir", join(ROOT, ".zig-cache"), "--name", name, `-femit-bin=${path}`],
    ...["--dep", "abi", `-Mroot=${root}`, `-Mabi=${abi}`],
  ], { stdio: ["ignore", "ignore", "pipe"] });
  return path;
}

/** Calls `use` with the path of a library of `tests/native`, which is gone afterwards. */
export function withNative<T>(name: string, use: (path: string) => Promise<T>): Promise<T> {
  return withFolder((folder) => use(buildNative(name, folder)));
}

/** Builds `tests/native/<name>.zig` into a folder, as a program. */
export function buildProgram(name: string, folder: string): string {
  const built = join(folder, name);
  execFileSync(zigPath(), [
    ...["build-exe", "-O", "small", "-fstrip", "-target", "native-linux-none"],
    ...["--cache-dir", join(ROOT, ".zig-cache"), "--name", name, `-femit-bin=${built}`],
    join(ROOT, "tests/native", `${name}.zig`),
  ], { stdio: ["ignore", "ignore", "pipe"] });
  return built;
}
