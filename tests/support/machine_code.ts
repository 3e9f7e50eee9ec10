/**
 * Machine code of the core: its bytes, and what a disassembler says of them.
 *
 * @module
 */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PF_X, PT_LOAD, readElf } from "./elf.ts";
import { ROOT } from "./child.ts";
import { zigPath } from "./native.ts";
import { unless } from "./skip.ts";

/** The optimisation modes of build.zig that anybody would ship. */
export const MODES = ["safe", "fast", "small"] as const;

/** What is loaded as executable, with the address of its first byte. */
export interface Code {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** The executable parts of a library, whole pages of them: also what is no instruction. */
export function codeOf(path: string): Code[] {
  const file = readFileSync(path);
  return readElf(path).segments.filter(({ type, flags }) =>
    type === PT_LOAD && (flags & PF_X) !== 0
  )
    .map(({ address, offset, size }) => ({ address, bytes: file.subarray(offset, offset + size) }));
}

/**
 * Where instructions could begin that change the rights of protection keys, at any byte:
 * an attacker who can jump anywhere does not care where the compiler's instructions begin.
 *
 * WRPKRU is 0f 01 ef. XRSTOR is 0f ae /5 with a memory operand; with a register operand
 * the same bytes are LFENCE (Intel SDM volume 2; Vahldiek-Oberwagner et al., ERIM, 2019).
 */
export function rightsChanges(bytes: Uint8Array): { wrpkru: number[]; xrstor: number[] } {
  const found = { wrpkru: [] as number[], xrstor: [] as number[] };
  for (let at = 0; at + 2 < bytes.length; at++) {
    if (bytes[at] !== 0x0f) continue;
    const operand = bytes[at + 2] as number;
    if (bytes[at + 1] === 0x01 && operand === 0xef) found.wrpkru.push(at);
    const isMemory = operand >> 6 !== 3;
    if (bytes[at + 1] === 0xae && isMemory && (operand >> 3 & 7) === 5) found.xrstor.push(at);
  }
  return found;
}

/** Builds the core of a folder as build.zig does, with the names of its functions. */
export function buildNamed(source: string, mode: string, folder: string): string {
  execFileSync(zigPath(), [
    ...["build", "install", `-Doptimize=${mode}`, "-Dstrip=false"],
    ...["--prefix", join(folder, "out"), "--cache-dir", join(ROOT, ".zig-cache")],
  ], { cwd: source, stdio: ["ignore", "ignore", "pipe"] });
  return join(folder, "lib/linux-x86_64/libsecurememory.so");
}

const disassembler = ["objdump", "llvm-objdump"].find((program) =>
  spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0
);

/** The option `skip` of a test that disassembles. */
export const withoutDisassembler: string | false = unless(
  "objdump",
  disassembler !== undefined,
  "neither objdump nor llvm-objdump is installed",
);

/** Calls and jumps to functions whose name fits, by the function that they are in. */
export function callsTo(path: string, target: RegExp): Map<string, number> {
  const text = execFileSync(disassembler as string, ["-d", path], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const calls = new Map<string, number>();
  let inside = "";
  for (const line of text.split("\n")) {
    const head = /^[0-9a-f]+ <(.*)>:$/.exec(line);
    if (head !== null) inside = head[1] as string;
    const callee = /\s(?:call|jmp)q?\s.*<([^+>]+)>/.exec(line)?.[1];
    if (callee !== undefined && target.test(callee)) {
      calls.set(inside, (calls.get(inside) ?? 0) + 1);
    }
  }
  return calls;
}
