/**
 * A small reader of 64-bit Windows libraries: what one exports and imports. The section
 * names are those of "PE Format" of Microsoft Learn.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** A part of a library as it is loaded. */
export interface PeSection {
  readonly name: string;
  readonly flags: number;
}

/** What is read of a library. */
export interface Pe {
  readonly architecture: "x86_64" | "aarch64";
  /** "Characteristics" and "DllCharacteristics". */
  readonly flags: number;
  readonly dllFlags: number;
  readonly exports: readonly string[];
  /** Names of functions, by the library that has them. */
  readonly imports: ReadonlyMap<string, readonly string[]>;
  readonly sections: readonly PeSection[];
  /** Types of the debug directory's entries; 16 says that the build can be repeated. */
  readonly debug: readonly number[];
}

export const IMAGE_FILE_DLL = 0x2000;
export const HIGH_ENTROPY_VA = 0x20;
export const DYNAMIC_BASE = 0x40;
export const NX_COMPAT = 0x100;
export const SCN_EXECUTE = 0x20000000;
export const SCN_WRITE = 0x80000000;
export const DEBUG_REPRO = 16;

const ARCHITECTURES = new Map([[0x8664, "x86_64"], [0xaa64, "aarch64"]] as const);

/** Reads a library. Throws if it is no 64-bit PE file. */
export function readPe(path: string): Pe {
  const file = readFileSync(path);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const half = (at: number) => view.getUint16(at, true);
  const word = (at: number) => view.getUint32(at, true);
  const header = word(60) + 4;
  const optional = header + 20;
  const architecture = ARCHITECTURES.get(half(header) as 0x8664);
  if (word(header - 4) !== 0x4550 || half(optional) !== 0x20b || architecture === undefined) {
    throw new Error(`Not a 64-bit PE file: "${path}"`);
  }
  const sections = Array.from({ length: half(header + 2) }, (_, index) => {
    const at = optional + half(header + 16) + index * 40;
    return {
      name: file.toString("latin1", at, at + 8).replace(/\0+$/, ""),
      address: word(at + 12),
      bytes: word(at + 16),
      offset: word(at + 20),
      flags: word(at + 36),
    };
  });
  /** Where an address of the loaded library is in the file. */
  const place = (address: number) => {
    const section = sections.find((one) =>
      address >= one.address && address < one.address + one.bytes
    );
    if (section === undefined) throw new Error(`No section has address ${address}: "${path}"`);
    return address - section.address + section.offset;
  };
  const text = (address: number) => {
    const start = place(address);
    return file.toString("latin1", start, file.indexOf(0, start));
  };
  const directory = (index: number) => {
    const at = optional + 112 + index * 8;
    return { address: word(at), bytes: word(at + 4) };
  };

  const exported = place(directory(0).address);
  const names = place(word(exported + 32));
  const imports = new Map<string, string[]>();
  for (let at = place(directory(1).address); word(at + 12) !== 0; at += 20) {
    const functions: string[] = [];
    for (let entry = place(word(at)); view.getBigUint64(entry, true) !== 0n; entry += 8) {
      functions.push(text(word(entry) + 2));
    }
    imports.set(text(word(at + 12)).toLowerCase(), functions);
  }
  const debug = directory(6);
  return {
    architecture,
    flags: half(header + 18),
    dllFlags: half(optional + 70),
    exports: Array.from(
      { length: word(exported + 24) },
      (_, index) => text(word(names + index * 4)),
    ),
    imports,
    sections: sections.map(({ name, flags }) => ({ name, flags })),
    debug: debug.address === 0 ? [] : Array.from(
      { length: debug.bytes / 28 },
      (_, index) => word(place(debug.address) + index * 28 + 12),
    ),
  };
}
