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
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { ROOT } from "./child.ts";
import { unless } from "./skip.ts";

interface Toolchain {
  findZig(): string | undefined;
  findBun(): string | undefined;
  findDeno(): string | undefined;
  findNode(): string | undefined;
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
 * `abi`.
 */
export function buildNative(name: string, folder: string): string {
  const source = join(ROOT, "tests/native", `${name}.zig`);
  const abi = join(ROOT, "zig/abi.zig");
  const parts = ["--dep", "abi", `-Mroot=${source}`, `-Mabi=${abi}`];
  return build(["build-lib", "-dynamic"], parts, [source, abi], join(folder, `${name}.so`));
}

/** Puts the program of `tests/native/<name>.zig` into a folder. */
export function buildProgram(name: string, folder: string): string {
  const source = join(ROOT, "tests/native", `${name}.zig`);
  return build(["build-exe"], [`-Mroot=${source}`], [source], join(folder, name));
}

/** What is kept may run on another processor: on that of an emulated machine. */
const TARGET = ["-target", "native-linux-none", "-mcpu", "baseline"];

/** Built once for the same sources: an emulated machine takes minutes for it. */
function build(
  command: readonly string[],
  parts: readonly string[],
  sources: readonly string[],
  path: string,
): string {
  const hash = createHash("sha256").update(TARGET.join(" "));
  for (const source of sources) hash.update(readFileSync(source));
  const kept = join(
    ROOT,
    "zig-out/tests",
    `${hash.digest("hex").slice(0, 16)}-${basename(path)}`,
  );
  if (existsSync(kept)) {
    copyFileSync(kept, path);
    return path;
  }
  execFileSync(zigPath(), [
    ...[...command, "--name", basename(path, ".so"), `-femit-bin=${path}`],
    ...["-O", "small", "-fstrip", ...TARGET, "--cache-dir", join(ROOT, ".zig-cache")],
    ...parts,
  ], { stdio: ["ignore", "ignore", "pipe"] });
  keep(path, kept);
  return path;
}

/** Appears whole: the suites of several runtimes may run at once. */
function keep(path: string, kept: string): void {
  mkdirSync(dirname(kept), { recursive: true });
  const unfinished = `${kept}.${process.pid}`;
  copyFileSync(path, unfinished);
  renameSync(unfinished, kept);
}

/** Calls `use` with the path of a library of `tests/native`, which is gone afterwards. */
export function withNative<T>(name: string, use: (path: string) => Promise<T>): Promise<T> {
  return withFolder((folder) => use(buildNative(name, folder)));
}
