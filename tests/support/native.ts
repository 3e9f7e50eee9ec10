/**
 * Native libraries that tests load besides ours: small ones, built with Zig when they
 * are needed, from `tests/native`.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** Builds `tests/native/<name>.zig` into a folder. It may import the core's `abi`. */
export function buildNative(name: string, folder: string): string {
  const built = join(folder, `${name}.so`);
  execFileSync(zigPath(), [
    ...["build-lib", "-dynamic", "-O", "small", "-fstrip", "-target", "native-linux-none"],
    ...["--cache-dir", join(ROOT, ".zig-cache"), "--name", name, `-femit-bin=${built}`],
    ...["--dep", "abi", `-Mroot=${join(ROOT, "tests/native", `${name}.zig`)}`],
    `-Mabi=${join(ROOT, "zig/abi.zig")}`,
  ], { stdio: ["ignore", "ignore", "pipe"] });
  return built;
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
