/**
 * Secrets of what a file or a descriptor gives: read natively, straight into the page.
 *
 * @module
 */
import { describe } from "../arguments.ts";
import type { Cell } from "../cell.ts";
import { createOfSource } from "../create.ts";
import { SourceError } from "../errors.ts";
import { detectRuntime } from "../native/library.ts";
import { endAllRest } from "../rest.ts";
import { sourceFailure } from "./failure.ts";
import { type FileOptions, splitFileOptions } from "./options.ts";
import { encodePath, pathFrom } from "./path.ts";

/** The largest number of a descriptor: the system's are signed. */
const FD_MAX = 2 ** 31 - 1;
const NO_PATH = new Uint8Array(1);

/** A secret of the content of a file. */
export function readFile(from: string | URL, options: FileOptions | undefined): Cell {
  const path = pathFrom(from);
  const runtime = detectRuntime();
  const name = JSON.stringify(path);
  // Native code may read what the runtime would not: it is asked first, and never prompts.
  const refusal = runtime.readRefusal(path);
  if (refusal !== undefined) {
    throw new SourceError(
      `Cannot create a secret from ${name}: reading it is not permitted. ${refusal}`,
    );
  }
  return read(name, encodePath(path, runtime.os), -1, options);
}

/** A secret of what an open descriptor still gives. */
export function readDescriptor(fd: unknown, options: FileOptions | undefined): Cell {
  if (typeof fd !== "number") {
    throw new TypeError(
      `Cannot read a descriptor: it must be a number, current value is ${describe(fd)}`,
    );
  }
  if (!Number.isInteger(fd) || fd < 0 || fd > FD_MAX) {
    throw new RangeError(
      `Cannot read a descriptor: it must be a whole number from 0 to ${FD_MAX}, current value is ${fd}`,
    );
  }
  const name = fd === 0 ? "standard input" : `the file descriptor ${fd}`;
  return read(name, undefined, fd, options);
}

function read(
  name: string,
  path: Uint8Array | undefined,
  fd: number,
  options: FileOptions | undefined,
): Cell {
  const { maxBytes, trims, rest } = splitFileOptions(options);
  // Room has to be there before: what was read once from a pipe cannot be read again.
  endAllRest();
  return createOfSource(
    rest,
    (calls, { alignment, flags }) =>
      calls.securememory_create_read(
        path ?? NO_PATH,
        path?.byteLength ?? 0,
        Math.max(fd, 0),
        maxBytes,
        trims,
        alignment,
        flags,
      ),
    (of, result) => sourceFailure(of, result, name, maxBytes),
  );
}
