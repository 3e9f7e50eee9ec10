/**
 * What is in a tar archive: as much of pax(5) as npm and Deno write.
 *
 * @module
 */

/** A file in an archive. */
export interface Entry {
  readonly path: string;
  readonly mode: number;
  /** Seconds since 1970. */
  readonly modified: number;
  readonly bytes: Uint8Array;
}

const BLOCK = 512;

/** The files of an archive, in its order. Throws on what is neither a file nor a folder. */
export function entriesOf(archive: Uint8Array): Entry[] {
  const found: Entry[] = [];
  const text = (from: number, length: number) =>
    new TextDecoder().decode(archive.subarray(from, from + length)).split("\0")[0] as string;
  const octal = (from: number, length: number) =>
    Number.parseInt(text(from, length).trim() || "0", 8);
  let longPath: string | undefined;
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const size = octal(at + 124, 12);
    const kind = text(at + 156, 1);
    const bytes = archive.subarray(at + BLOCK, at + BLOCK + size);
    const prefix = text(at + 345, 155);
    const path = longPath ?? (prefix === "" ? "" : `${prefix}/`) + text(at, 100);
    longPath = undefined;
    if (kind === "L") longPath = new TextDecoder().decode(bytes).split("\0")[0];
    else if (kind === "0" || kind === "") {
      found.push({ path, mode: octal(at + 100, 8), modified: octal(at + 136, 12), bytes });
    } else if (kind !== "5") throw new Error(`The archive has an entry of type "${kind}": ${path}`);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return found;
}
