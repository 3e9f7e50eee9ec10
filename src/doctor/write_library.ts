/**
 * Writes the native libraries that are in use to files.
 *
 * @module
 */
import { capabilities } from "../capabilities.ts";
import { UnsupportedError } from "../errors.ts";
import { fileName } from "../native/beside.ts";
import { cryptoPath } from "../native/crypto.ts";
import { detectRuntime, extraPath } from "../native/library.ts";
import { CORE, CRYPTO, EXTRA, type Part } from "../native/part.ts";
import { fileSystem, isPermitted, readBytes } from "./files.ts";

/** What was written. */
export interface Written {
  readonly path: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** One of them, with the variable of the environment that is to name it. */
export interface WrittenPart extends Written {
  readonly variable: string;
}

/** Why nothing was. */
export interface NotWritten {
  /** The reason that `capabilities` gives, if that is why. */
  readonly unsupported: boolean;
  readonly message: string;
}

/** Writes the core to a file that does not exist yet: exclusively, for nobody to be there first. */
export function writeLibrary(path: string): Written | NotWritten {
  const bytes = libraryBytes(CORE);
  return bytes instanceof Uint8Array ? writeOne(path, bytes) : bytes;
}

/**
 * Writes all libraries into a folder, which is made if it is missing, under the names that they have
 * in the package: all of them, or none.
 */
export function writeLibraries(folder: string): readonly WrittenPart[] | NotWritten {
  const all: { readonly part: Part; readonly bytes: Uint8Array }[] = [];
  for (const part of [CORE, CRYPTO, EXTRA]) {
    const bytes = libraryBytes(part);
    if (!(bytes instanceof Uint8Array)) return bytes;
    all.push({ part, bytes });
  }
  const refusal = folderRefusal(folder);
  if (refusal !== undefined) return refusal;
  const made: WrittenPart[] = [];
  for (const { part, bytes } of all) {
    // There is no name where somebody has built one for a target of their own.
    const name = fileName(detectRuntime(), part) ?? `securememory-${part.name}`;
    const written = writeOne(`${folder}/${name}`, bytes);
    if ("message" in written) {
      for (const { path } of made) fileSystem().unlinkSync(path);
      return written;
    }
    made.push({ variable: part.variable, ...written });
  }
  return made;
}

function folderRefusal(folder: string): NotWritten | undefined {
  const action = `Cannot write the libraries to "${folder}"`;
  if (!isPermitted("write", folder)) return notPermitted(action);
  try {
    const nobodyElseWrites = 0o755;
    fileSystem().mkdirSync(folder, nobodyElseWrites);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    // If it is no folder, the first file says so.
    if (code !== "EEXIST") return because(`${action}: ${code ?? message}`);
  }
  return undefined;
}

function writeOne(path: string, bytes: Uint8Array): Written | NotWritten {
  const action = `Cannot write the library to "${path}"`;
  if (!isPermitted("write", path)) return notPermitted(action);
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

function libraryBytes(part: Part): Uint8Array | NotWritten {
  const library = part === CORE ? corePath() : pathOf(part === CRYPTO ? cryptoPath : extraPath);
  if (typeof library !== "string") return library;
  const action = `Cannot read the library that is in use, "${library}"`;
  if (!isPermitted("read", library)) return notPermitted(action);
  return readBytes(library) ?? because(`${action}: it is no file, or not readable`);
}

function corePath(): string | NotWritten {
  const { library, reason } = capabilities();
  return library ?? { unsupported: true, message: reason ?? "none is in use" };
}

function pathOf(loading: () => string): string | NotWritten {
  try {
    return loading();
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return { unsupported: true, message: error.message };
  }
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

function notPermitted(action: string): NotWritten {
  return because(`${action}: the runtime does not permit it: ${FLAGS}`);
}

function because(message: string): NotWritten {
  return { unsupported: false, message };
}
