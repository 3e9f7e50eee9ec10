/**
 * Writes the native library that is in use to a file.
 *
 * @module
 */
import { capabilities } from "../capabilities.ts";
import { detectRuntime } from "../native/library.ts";
import { fileSystem, isPermitted, readBytes } from "./files.ts";

/** What was written. */
export interface Written {
  readonly path: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** Why nothing was. */
export interface NotWritten {
  /** The reason that `capabilities` gives, if that is why. */
  readonly unsupported: boolean;
  readonly message: string;
}

/** Writes it to a file that does not exist yet: exclusively, for nobody to be there first. */
export function writeLibrary(path: string): Written | NotWritten {
  const bytes = libraryBytes();
  if (!(bytes instanceof Uint8Array)) return bytes;
  const action = `Cannot write the library to "${path}"`;
  if (!isPermitted("write", path)) {
    return because(`${action}: the runtime does not permit it: ${FLAGS}`);
  }
  try {
    writeNew(path, bytes);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const why = code === "EEXIST" ? "it exists already, and is left as it is" : code ?? message;
    return because(`${action}: ${why}`);
  }
  return { path, bytes: bytes.length, sha256: detectRuntime().sha256(bytes) };
}

const FLAGS = "run Deno with --allow-read and --allow-write, Node with --allow-fs-read and " +
  "--allow-fs-write";

function libraryBytes(): Uint8Array | NotWritten {
  const { library, reason } = capabilities();
  if (library === undefined) return { unsupported: true, message: reason ?? "none is in use" };
  const action = `Cannot read the library that is in use, "${library}"`;
  if (!isPermitted("read", library)) {
    return because(`${action}: the runtime does not permit it: ${FLAGS}`);
  }
  return readBytes(library) ?? because(`${action}: it is no file, or not readable`);
}

/** Whole, or not at all. */
function writeNew(path: string, bytes: Uint8Array): void {
  const fs = fileSystem();
  const readableByAll = 0o644;
  const file = fs.openSync(path, "wx", readableByAll);
  try {
    let written = 0;
    while (written < bytes.length) written += fs.writeSync(file, bytes, written);
    fs.fsyncSync(file);
  } catch (error) {
    fs.unlinkSync(path);
    throw error;
  } finally {
    fs.closeSync(file);
  }
}

function because(message: string): NotWritten {
  return { unsupported: false, message };
}
