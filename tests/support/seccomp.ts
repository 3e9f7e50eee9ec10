/**
 * Makes the kernel refuse system calls of a native library: see native/seccomp.zig. A
 * filter stays for the life of its thread, so this is for Workers of children.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { detectRuntime } from "../../src/native/library.ts";

/** Which system calls are meant: by name and, if need be, by what their arguments are. */
export interface SystemCall {
  /** Name in the kernel's table, such as `madvise`. */
  readonly name: string;
  /** Place of an argument, and what it is; with a mask, what is left under it. */
  readonly where?: { readonly [place: number]: number | { mask: number; equals: number } };
}

/** A system call and what it is answered: an errno, or 0 for letting it through. */
export interface Rule extends SystemCall {
  readonly errno: number;
}

/** A system call that was made: its name, and the lower 32 bits of its arguments. */
export interface RecordedCall {
  readonly name: string;
  readonly arguments: readonly number[];
}

const SYMBOLS = {
  seccomp_number: { parameters: ["buffer", "u32"], result: "i32" },
  seccomp_name: { parameters: ["u32", "buffer", "u32"], result: "u32" },
  seccomp_install: { parameters: ["buffer", "u32", "u32"], result: "i32" },
  seccomp_recorded: { parameters: ["buffer", "u32"], result: "u32" },
} as const;

/**
 * Installs a filter for the calls that a loaded library makes. The first rule that fits
 * decides; what no rule fits is allowed. `record` writes the latter down, too.
 *
 * @param filter Path of the native library that installs it.
 * @returns What was written down so far.
 */
export function installFilter(
  filter: string,
  library: string,
  rules: readonly Rule[],
  record = false,
): () => RecordedCall[] {
  const native = detectRuntime().load(filter, SYMBOLS);
  const numbers = [...codeOf(library)];
  for (const { name, where = {}, errno } of rules) {
    const bytes = new TextEncoder().encode(name);
    const number = native.seccomp_number(bytes, bytes.length);
    // Machines differ: there is no open(2) on aarch64, where openat(2) does it.
    if (number < 0) continue;
    const conditions = Object.entries(where).map(([place, wanted]) =>
      typeof wanted === "number"
        ? [Number(place), 0xffffffff, wanted]
        : [Number(place), wanted.mask, wanted.equals]
    );
    numbers.push(number, errno, conditions.length, ...conditions.flat());
  }
  const result = native.seccomp_install(
    new Float64Array(numbers),
    numbers.length,
    record ? 1 : 0,
  );
  if (result !== 0) throw new Error(`The kernel takes no filter: errno ${-result}`);
  return () => {
    const out = new Float64Array(7 * 16384);
    const count = native.seccomp_recorded(out, out.length);
    if (count * 7 > out.length) throw new Error(`Too many calls to write them all down: ${count}`);
    return Array.from({ length: count }, (_, index) => {
      const [number, ...rest] = out.subarray(7 * index, 7 * index + 7);
      const bytes = new Uint8Array(64);
      const length = native.seccomp_name(number as number, bytes, bytes.length);
      return { name: new TextDecoder().decode(bytes.subarray(0, length)), arguments: rest };
    });
  };
}

/** Whether a call that was made is one of those that are meant. */
export function isOneOf(call: RecordedCall, meant: readonly SystemCall[]): boolean {
  return meant.some(({ name, where = {} }) =>
    name === call.name &&
    Object.entries(where).every(([place, wanted]) => {
      const argument = call.arguments[Number(place)] as number;
      if (typeof wanted === "number") return argument === wanted;
      return (argument & wanted.mask) >>> 0 === wanted.equals;
    })
  );
}

/** Where the code of a loaded library is: first address, and the one behind the last. */
function codeOf(library: string): [number, number] {
  const lines = readFileSync("/proc/self/maps", "utf8").split("\n")
    .filter((line) => line.endsWith(` ${library}`) && line.includes(" r-xp "));
  if (lines.length !== 1) throw new Error(`Not loaded, or not as expected: "${library}"`);
  const [from, to] = (lines[0] as string).split(" ", 1)[0]?.split("-") as [string, string];
  return [Number.parseInt(from, 16), Number.parseInt(to, 16)];
}
