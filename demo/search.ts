/**
 * Searching the memory of another process: how often something stands in it, and where.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";
import { RUNTIME } from "./runtime.ts";
import type { Mapping } from "./smaps.ts";

/** Bytes of another process, by the way that debuggers take. */
export function readMemory(pid: string, from: number, to: number): Buffer {
  const file = openSync(`/proc/${pid}/mem`, "r");
  try {
    const bytes = Buffer.alloc(to - from);
    readSync(file, bytes, 0, bytes.length, from);
    return bytes;
  } finally {
    closeSync(file);
  }
}

const PIECE_BYTES = 1 << 20;

/** Places at which a key stands. */
export interface Copies {
  readonly onPage: number;
  readonly elsewhere: number;
}

/**
 * Counts the places at which a key stands in a process's memory: as it is, or as the inner or
 * outer pad of HMAC (RFC 2104), which give it away just as well.
 */
export function countCopies(
  pid: string,
  mappings: readonly Mapping[],
  page: Mapping,
  key: Uint8Array,
): Copies {
  const forms = [0x00, 0x36, 0x5c].map((pad) => Buffer.from(key.map((byte) => byte ^ pad)));
  let onPage = 0;
  let elsewhere = 0;
  try {
    search(pid, mappings, page.to - page.from, forms, ({ range }) => {
      if (range === page.range) onPage += 1;
      else elsewhere += 1;
    });
    return { onPage, elsewhere };
  } finally {
    for (const form of forms) form.fill(0);
  }
}

/**
 * Looks for several forms in a process's memory.
 *
 * @param forms Each of two bytes at least.
 * @param found Called for every place of every form.
 */
export function search(
  pid: string,
  mappings: readonly Mapping[],
  pageBytes: number,
  forms: readonly Uint8Array[],
  found: (mapping: Mapping, form: number) => void,
): void {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const pagemap = openSync(`/proc/${pid}/pagemap`, "r");
  const piece = Buffer.alloc(PIECE_BYTES);
  const longest = Math.max(...forms.map(({ length }) => length));
  const findAll = RUNTIME === "deno" ? inOnePass(forms) : oneByOne(forms);
  try {
    for (const mapping of mappings) {
      if (!mapping.resident) continue;
      for (const [start, end] of residentRuns(pagemap, mapping.from, mapping.to, pageBytes)) {
        // Pieces overlap by as much as a copy may stick out of one.
        for (let at = start; at < end; at += PIECE_BYTES - (longest - 1)) {
          const length = readAt(memory, piece, at, Math.min(end - at, PIECE_BYTES));
          const last = at + PIECE_BYTES >= end;
          findAll(piece.subarray(0, length), (index, position) => {
            const { length: own } = forms[index] as Uint8Array;
            // What lies in the overlap as a whole is found in the next piece.
            const limit = last ? length : PIECE_BYTES - (longest - own);
            if (position + own <= limit) found(mapping, index);
          });
        }
      }
    }
  } finally {
    closeSync(memory);
    closeSync(pagemap);
    piece.fill(0);
  }
}

/** Runs of pages that are in memory; engines reserve far more than they use. See pagemap(5). */
function* residentRuns(
  pagemap: number,
  from: number,
  to: number,
  pageBytes: number,
): Generator<[number, number]> {
  const entries = Buffer.alloc((to - from) / pageBytes * 8);
  const length = readAt(pagemap, entries, from / pageBytes * 8, entries.length);
  let start: number | undefined;
  for (let entry = 0; entry * 8 < length; entry++) {
    // Bit 63 of the entry: present.
    const present = ((entries[entry * 8 + 7] as number) & 0x80) !== 0;
    const address = from + entry * pageBytes;
    if (present) start ??= address;
    else if (start !== undefined) {
      yield [start, address];
      start = undefined;
    }
  }
  if (start !== undefined) yield [start, to];
}

/** As many bytes as can be read: some mappings, such as [vvar], refuse. */
function readAt(file: number, into: Buffer, position: number, length: number): number {
  try {
    return readSync(file, into, 0, length, position);
  } catch {
    return 0;
  }
}

/** Calls `found` for every place of every form. */
type FindAll = (of: Buffer, found: (form: number, position: number) => void) => void;

function oneByOne(forms: readonly Uint8Array[]): FindAll {
  return (of, found) =>
    forms.forEach((form, index) => {
      for (let at = of.indexOf(form); at !== -1; at = of.indexOf(form, at + 1)) found(index, at);
    });
}

/** The same where `indexOf` is slow: Deno's takes as long for one form as this for a hundred. */
function inOnePass(forms: readonly Uint8Array[]): FindAll {
  // The first two bytes rule nearly all places out.
  const head = (first: number, second: number) => first | (second << 8);
  const heads = new Uint8Array(1 << 16);
  for (const [first, second] of forms) heads[head(first as number, second as number)] = 1;
  return (of, found) => {
    let second = of[0] as number;
    for (let position = 0; position + 1 < of.length; position++) {
      const first = second;
      second = of[position + 1] as number;
      if (heads[head(first, second)] === 0) continue;
      forms.forEach((form, index) => {
        if (standsAt(of, position, form)) found(index, position);
      });
    }
  };
}

function standsAt(of: Uint8Array, position: number, form: Uint8Array): boolean {
  if (position + form.length > of.length) return false;
  for (let index = 0; index < form.length; index++) {
    if (of[position + index] !== form[index]) return false;
  }
  return true;
}
