/**
 * A small reader of 64-bit Mach-O libraries: what one exports and needs, what the loader
 * writes into it, and whether its signature is of these bytes. <mach-o/loader.h>,
 * <mach-o/nlist.h> and xnu's <kern/cs_blobs.h>.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A part of a library as it is loaded. */
export interface MachoSegment {
  readonly name: string;
  readonly address: number;
  readonly memoryBytes: number;
  readonly offset: number;
  readonly fileBytes: number;
  readonly protection: number;
  readonly sections: readonly MachoSection[];
}

/** A part of a segment. */
export interface MachoSection {
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
  readonly offset: number;
  readonly type: number;
}

/** A pointer that the loader writes: where, and to what. */
export interface MachoBind {
  readonly segment: number;
  readonly address: number;
  readonly symbol: string;
  /** Which of the needed libraries has it, from 1. */
  readonly library: number;
}

/** What a signature without a certificate says. */
export interface MachoSignature {
  readonly flags: number;
  /** Everything before this place is signed. */
  readonly limit: number;
  readonly start: number;
  readonly pages: number;
  /** Pages whose hash is not the one in the signature. */
  readonly wrongPages: readonly number[];
}

/** What is read of a library. */
export interface Macho {
  readonly file: Uint8Array;
  readonly architecture: "x86_64" | "aarch64";
  readonly exports: readonly string[];
  readonly undefined: readonly string[];
  readonly needed: readonly string[];
  readonly segments: readonly MachoSegment[];
  /** Bound when the library is loaded, and when a function is called first. */
  readonly binds: readonly MachoBind[];
  readonly lazyBinds: readonly MachoBind[];
  readonly rebaseBytes: number;
  readonly signature: MachoSignature | undefined;
}

export const READ = 1;
export const WRITE = 2;
export const EXECUTE = 4;
export const S_ZEROFILL = 1;
export const CS_ADHOC = 2;

const MH_MAGIC_64 = 0xfeedfacf;
const MH_DYLIB = 6;
const ARCHITECTURES = new Map([[0x01000007, "x86_64"], [0x0100000c, "aarch64"]] as const);
const LC_SYMTAB = 0x2;
const LC_LOAD_DYLIB = 0xc;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const LC_DYLD_INFO_ONLY = 0x80000022;
const N_EXT = 1;
const N_TYPE = 0xe;

/** Reads a library. Throws if it is no Mach-O file of that kind. */
export function readMacho(path: string): Macho {
  return parseMacho(readFileSync(path));
}

/** The same of bytes. */
export function parseMacho(file: Uint8Array): Macho {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const word = (at: number) => view.getUint32(at, true);
  const long = (at: number) => Number(view.getBigUint64(at, true));
  const architecture = ARCHITECTURES.get(word(4) as 0x01000007);
  if (word(0) !== MH_MAGIC_64 || word(12) !== MH_DYLIB || architecture === undefined) {
    throw new Error("Not a 64-bit Mach-O library");
  }
  const commands: { command: number; at: number }[] = [];
  for (let index = 0, at = 32; index < word(16); index += 1, at += word(at + 4)) {
    commands.push({ command: word(at), at });
  }
  const places = (wanted: number) =>
    commands.filter(({ command }) => command === wanted).map(({ at }) => at);
  const place = (wanted: number) => {
    const [at] = places(wanted);
    if (at === undefined) throw new Error(`Load command 0x${wanted.toString(16)} is missing`);
    return at;
  };

  const segments = places(LC_SEGMENT_64).map((at): MachoSegment => ({
    name: textAt(file, at + 8, 16),
    address: long(at + 24),
    memoryBytes: long(at + 32),
    offset: long(at + 40),
    fileBytes: long(at + 48),
    protection: word(at + 60),
    sections: Array.from({ length: word(at + 64) }, (_, index) => at + 72 + index * 80)
      .map((section) => ({
        name: textAt(file, section, 16),
        address: long(section + 32),
        bytes: long(section + 40),
        offset: word(section + 48),
        type: word(section + 64) & 0xff,
      })),
  }));
  const symtab = place(LC_SYMTAB);
  const symbols = Array.from({ length: word(symtab + 12) }, (_, index) => {
    const at = word(symtab + 8) + index * 16;
    const type = view.getUint8(at + 4);
    return { name: textAt(file, word(symtab + 16) + word(at)), type };
  });
  const info = place(LC_DYLD_INFO_ONLY);
  const table = (at: number) => file.subarray(word(at), word(at) + word(at + 4));
  const [signature] = places(LC_CODE_SIGNATURE);
  return {
    file,
    architecture,
    exports: exportsOf(table(info + 40)),
    undefined: symbols.filter(({ type }) => (type & (N_TYPE | N_EXT)) === N_EXT)
      .map(({ name }) => name),
    needed: places(LC_LOAD_DYLIB).map((at) => textAt(file, at + word(at + 8))),
    segments,
    binds: bindsOf(table(info + 16), segments, false),
    lazyBinds: bindsOf(table(info + 32), segments, true),
    rebaseBytes: word(info + 12),
    signature: signature === undefined ? undefined : signatureOf(file, word(signature + 8)),
  };
}

function textAt(file: Uint8Array, start: number, bytesMax = file.length): string {
  const zero = file.indexOf(0, start);
  const end = Math.min(zero < 0 ? file.length : zero, start + bytesMax);
  return Buffer.from(file.subarray(start, end)).toString("latin1");
}

/** A number of seven bits a byte, the lowest first, and where it ends. */
function numberAt(table: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start;; at += 1) {
    const byte = table[at] as number;
    value += (byte & 0x7f) * 2 ** (7 * (at - start));
    if ((byte & 0x80) === 0) return { value, end: at + 1 };
  }
}

/** The names in a trie of exports: each node is what a name may end with. */
function exportsOf(trie: Uint8Array): string[] {
  const names: string[] = [];
  const visit = (start: number, name: string) => {
    const { value: bytes, end } = numberAt(trie, start);
    if (bytes > 0) names.push(name);
    let at = end + bytes + 1;
    for (let child = 0; child < (trie[end + bytes] as number); child += 1) {
      const part = textAt(trie, at);
      const next = numberAt(trie, at + part.length + 1);
      visit(next.value, name + part);
      at = next.end;
    }
  };
  if (trie.length > 0) visit(0, "");
  return names;
}

/** The opcodes named BIND_OPCODE_ in <mach-o/loader.h>, as far as our linker uses them. */
function bindsOf(table: Uint8Array, segments: readonly MachoSegment[], lazy: boolean): MachoBind[] {
  const binds: MachoBind[] = [];
  let [symbol, library, segment, offset, at] = ["", 0, 0, 0, 0];
  let type = lazy ? 1 : 0;
  while (at < table.length) {
    const byte = table[at] as number;
    const immediate = byte & 0x0f;
    at += 1;
    switch (byte & 0xf0) {
      case 0x00: // The end; of one entry only where binding is lazy.
        if (!lazy) return binds;
        break;
      case 0x10:
        library = immediate;
        break;
      case 0x40:
        symbol = textAt(table, at);
        at += symbol.length + 1;
        break;
      case 0x50:
        type = immediate;
        break;
      case 0x70:
        segment = immediate;
        ({ value: offset, end: at } = numberAt(table, at));
        break;
      case 0x90:
        if (type !== 1) throw new Error(`Bind type ${type} is not a pointer`);
        binds.push({
          segment,
          address: (segments[segment]?.address ?? NaN) + offset,
          symbol,
          library,
        });
        offset += 8;
        break;
      default:
        throw new Error(`Unknown bind opcode 0x${byte.toString(16)}`);
    }
  }
  return binds;
}

/** Numbers of signatures are big-endian. */
function signatureOf(file: Uint8Array, start: number): MachoSignature {
  const view = new DataView(file.buffer, file.byteOffset + start);
  if (view.getUint32(0) !== 0xfade0cc0) throw new Error("The signature has another format");
  const directory = view.getUint32(16);
  if (view.getUint32(directory) !== 0xfade0c02) throw new Error("The signature has no directory");
  const number = (at: number) => view.getUint32(directory + at);
  const [hashes, pages, limit] = [number(16), number(28), number(32)];
  if (view.getUint8(directory + 36) !== 32 || view.getUint8(directory + 37) !== 2) {
    throw new Error("The signature is not of SHA-256");
  }
  const pageBytes = 2 ** view.getUint8(directory + 39);
  const wrongPages = Array.from({ length: pages }, (_, index) => index).filter((index) => {
    const page = file.subarray(index * pageBytes, Math.min((index + 1) * pageBytes, limit));
    const at = start + directory + hashes + index * 32;
    const wanted = Buffer.from(file.subarray(at, at + 32)).toString("hex");
    return createHash("sha256").update(page).digest("hex") !== wanted;
  });
  if (pages !== Math.ceil(limit / pageBytes)) throw new Error("The signature lacks pages");
  return { flags: number(12), limit, start, pages, wrongPages };
}
