/**
 * What a library says of its own source: the names of functions that it does not export, and
 * data for debuggers. By elf(5), <mach-o/nlist.h> of macOS, and "PE Format" of Microsoft Learn.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withFolder, zigPath } from "./native.ts";

/** What is left. */
export interface Left {
  /** How many functions a debugger would find by their names, beside those that are exported. */
  readonly names: number;
  /** Whether there are sections for debuggers. */
  readonly debugging: boolean;
}

const SHT_SYMTAB = 2;
const LC_SYMTAB = 2;
const N_EXT = 1;
const NLIST_BYTES = 16;
/** The first one. Zig's linker names two variables that lie in others, whatever it is told. */
const TEXT_SECTION = 1;
/**
 * Zig's linker for macOS keeps some names that say nothing of the source: of its jumps to functions of
 * the system, of pieces that the compiler found twice, and those by which object files find each other.
 */
const KEPT = /__thunk$|^_OUTLINED_FUNCTION_\d+$|^_securememory_hot_\w+$/;

/** What is left in a file of any of the three formats. */
export function leftIn(file: Buffer): Left {
  // The last one begins the record of a PE file that names the file with its names.
  const debugging = [".debug_info", "__debug_info", ".debug_line", "RSDS"].some((name) =>
    file.includes(name)
  );
  return { names: namesIn(file), debugging };
}

function namesIn(file: Buffer): number {
  if (file.readUInt32BE(0) === 0x7f454c46) return namesInElf(file);
  if (file.readUInt32LE(0) === 0xfeedfacf) return namesInMacho(file);
  if (file.toString("latin1", 0, 2) === "MZ") {
    const numberOfSymbols = 4 + 12;
    return file.readUInt32LE(file.readUInt32LE(0x3c) + numberOfSymbols);
  }
  throw new Error("This is no library");
}

function namesInElf(file: Buffer): number {
  const table = Number(file.readBigUInt64LE(40));
  const [size, count] = [file.readUInt16LE(58), file.readUInt16LE(60)];
  const tables = Array.from({ length: count }, (_, index) => table + index * size);
  return tables.filter((at) => file.readUInt32LE(at + 4) === SHT_SYMTAB).length;
}

function namesInMacho(file: Buffer): number {
  let at = 32;
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    if (file.readUInt32LE(at) === LC_SYMTAB) {
      const [first, count] = [file.readUInt32LE(at + 8), file.readUInt32LE(at + 12)];
      const strings = file.readUInt32LE(at + 16);
      const names = Array.from({ length: count }, (_, index) => first + index * NLIST_BYTES);
      return names.filter((name) => {
        const inText = file.readUInt8(name + 5) === TEXT_SECTION;
        if (!inText || (file.readUInt8(name + 4) & N_EXT) !== 0) return false;
        const text = strings + file.readUInt32LE(name);
        return !KEPT.test(file.toString("latin1", text, file.indexOf(0, text)));
      }).length;
    }
    at += file.readUInt32LE(at + 4);
  }
  return 0;
}

const SOURCE = `
var total: usize = 0;
noinline fn hidden(number: usize) void {
    total +%= number;
}
export fn shown(number: usize) usize {
    hidden(number);
    return total;
}
`;

/** A small library that was not stripped: what a reader of such files has to see something in. */
export function unstripped(target: string): Promise<Buffer> {
  return withFolder((folder) => {
    const source = join(folder, "named.zig");
    writeFileSync(source, SOURCE);
    execFileSync(zigPath(), [
      ...["build-lib", source, "-dynamic", "-target", target, "-O", "debug", "-fno-strip"],
      ...["--cache-dir", join(folder, "cache")],
    ], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    const made = readdirSync(folder).find((name) => /\.(so|dylib|dll)$/.test(name));
    return Promise.resolve(readFileSync(join(folder, made as string)));
  });
}
