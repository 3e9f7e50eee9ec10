/**
 * What a window cannot be cheaper than: the bare pair of mprotect calls, made in a native
 * loop (bench/floor.zig) in the process that is measured. Linux only.
 *
 * @module
 */
import process from "node:process";
import { fileURLToPath } from "node:url";

type Floor = (rounds: number, bytes: number) => number;

/** The symbol in the library. */
const NAME = "securememory_floor";

let loaded: Floor | undefined;

/**
 * Makes `rounds` rounds of PROT_READ, one load, PROT_NONE on a locked mapping of `bytes`
 * bytes, rounded up to whole pages.
 *
 * @returns Nanoseconds per round.
 */
export function floor(rounds: number, bytes: number): number {
  const nanoseconds = (loaded ??= load(pathOfLibrary()))(rounds, bytes);
  if (nanoseconds < 0) throw new Error(`Cannot measure mprotect on ${bytes} bytes: a call failed`);
  return nanoseconds / rounds;
}

/** True where {@linkcode floor} works. */
export function hasFloor(): boolean {
  return process.platform === "linux";
}

function pathOfLibrary(): string {
  const arch = ({ x64: "x86_64", arm64: "aarch64" } as Record<string, string>)[process.arch];
  const file = `../zig-out/${process.platform}-${arch}/libsecurememory-floor.so`;
  return fileURLToPath(new URL(file, import.meta.url));
}

/**
 * Each runtime's FFI, in its own words. The numbers are doubles, since Node checks integers in
 * JavaScript, in a wrapper that functions with as many parameters share: the floor's calls
 * would slow those of the library down.
 */
function load(path: string): Floor {
  const deno = (globalThis as { Deno?: unknown }).Deno as Ffi<"symbols"> | undefined;
  if (deno !== undefined) {
    const table = { [NAME]: { parameters: ["f64", "f64"], result: "f64" } };
    return deno.dlopen(path, table).symbols[NAME] as Floor;
  }
  if (process.versions.bun !== undefined) {
    const { dlopen } = process.getBuiltinModule("bun:ffi") as Ffi<"symbols">;
    const table = { [NAME]: { args: ["f64", "f64"], returns: "f64" } };
    return dlopen(path, table).symbols[NAME] as Floor;
  }
  const { dlopen } = process.getBuiltinModule("node:ffi") as unknown as Ffi<"functions">;
  const table = { [NAME]: { arguments: ["f64", "f64"], return: "f64" } };
  return dlopen(path, table).functions[NAME] as Floor;
}

/** The part of an FFI that is used here: no runtime's types have all three. */
interface Ffi<Key extends string> {
  dlopen(path: string, symbols: object): { readonly [key in Key]: Record<string, unknown> };
}
