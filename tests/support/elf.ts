/**
 * A small reader of 64-bit little-endian ELF files: what a library exports and needs.
 * elf(5), and the ELF specification for symbol tables.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** One symbol of the dynamic symbol table. */
export interface ElfSymbol {
  readonly name: string;
  /** It is expected from elsewhere. */
  readonly undefined: boolean;
  /** Where it is not to be had, it is 0: nobody has to have it. */
  readonly weak: boolean;
}

/** A part of a library as it is loaded. */
export interface ElfSegment {
  readonly type: number;
  readonly flags: number;
  /** Where its bytes are in the file, how many, and where they are loaded. */
  readonly offset: number;
  readonly size: number;
  readonly address: number;
}

/** A function with a name, in a library that was not stripped. */
export interface ElfFunction {
  readonly name: string;
  readonly address: number;
  readonly size: number;
}

/** What is read of a library. */
export interface Elf {
  readonly bytes: number;
  readonly symbols: readonly ElfSymbol[];
  /** Names of DT_NEEDED entries: libraries that have to be loaded as well. */
  readonly needed: readonly string[];
  /** Tags of the dynamic section, in order. */
  readonly tags: readonly number[];
  /** Bits of its DT_FLAGS_1. */
  readonly flags1: number;
  /** The program headers. */
  readonly segments: readonly ElfSegment[];
  /** Every function that has a name, exported or not; none if the library was stripped. */
  readonly functions: readonly ElfFunction[];
}

export const PT_LOAD = 1;
export const DT_NEEDED = 1;
export const DT_TEXTREL = 22;
export const DT_FINI_ARRAY = 26;
export const DF_1_NODELETE = 8;
export const PT_GNU_STACK = 0x6474e551;
export const PF_X = 1;
export const PF_W = 2;

const DT_FLAGS_1 = 0x6ffffffb;
const STB_WEAK = 2;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHT_DYNAMIC = 6;
const SHT_DYNSYM = 11;
const STT_FUNC = 2;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** Reads a library. Throws if it is no ELF file of that kind. */
export function readElf(path: string): Elf {
  const file = readFileSync(path);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const number = (at: number) => Number(view.getBigUint64(at, true));
  if (view.getUint32(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) {
    throw new Error(`Not a 64-bit little-endian ELF file: "${path}"`);
  }
  const entries = <T>(start: number, size: number, count: number, read: (at: number) => T) =>
    Array.from({ length: count }, (_, index) => read(start + index * size));

  const segments = entries(
    number(32),
    view.getUint16(54, true),
    view.getUint16(56, true),
    (at) => ({
      type: view.getUint32(at, true),
      flags: view.getUint32(at + 4, true),
      offset: number(at + 8),
      address: number(at + 16),
      size: number(at + 32),
    }),
  );
  const sections = entries(
    number(40),
    view.getUint16(58, true),
    view.getUint16(60, true),
    (at): Section => ({
      type: view.getUint32(at + 4, true),
      offset: number(at + 24),
      size: number(at + 32),
      link: view.getUint32(at + 40, true),
    }),
  );
  const text = (section: Section, at: number) => {
    const strings = sections[section.link];
    if (strings?.type !== SHT_STRTAB) throw new Error(`A section without its names: "${path}"`);
    const start = strings.offset + at;
    return file.toString("latin1", start, file.indexOf(0, start));
  };
  const inSection = <T>(type: number, size: number, read: (at: number, of: Section) => T) => {
    const section = sections.find((one) => one.type === type);
    if (section === undefined) throw new Error(`A section is missing: "${path}"`);
    return entries(section.offset, size, section.size / size, (at) => read(at, section));
  };

  const symbols = inSection(SHT_DYNSYM, 24, (at, section) => ({
    name: text(section, view.getUint32(at, true)),
    undefined: view.getUint16(at + 6, true) === 0,
    weak: view.getUint8(at + 4) >> 4 === STB_WEAK,
  })).slice(1); // The first one is always empty.
  const stripped = sections.every(({ type }) => type !== SHT_SYMTAB);
  const functions = stripped ? [] : inSection(SHT_SYMTAB, 24, (at, section) => ({
    name: text(section, view.getUint32(at, true)),
    kind: view.getUint8(at + 4) & 15,
    address: number(at + 8),
    size: number(at + 16),
  })).filter(({ kind }) => kind === STT_FUNC);
  const dynamic = inSection(SHT_DYNAMIC, 16, (at, section) => {
    const tag = number(at);
    const value = number(at + 8);
    return { tag, value, name: tag === DT_NEEDED ? text(section, value) : "" };
  });
  return {
    bytes: file.byteLength,
    symbols,
    needed: dynamic.filter(({ tag }) => tag === DT_NEEDED).map(({ name }) => name),
    tags: dynamic.map(({ tag }) => tag),
    flags1: dynamic.find(({ tag }) => tag === DT_FLAGS_1)?.value ?? 0,
    segments,
    functions,
  };
}
