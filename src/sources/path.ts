/**
 * Paths as the system takes them.
 *
 * @module
 */
import { describe } from "../arguments.ts";
import { detectRuntime } from "../native/library.ts";
import { hostProcess, pathOf } from "../native/process.ts";

/** From this length on, Windows takes a path in its long form only (MAX_PATH less a file's name). */
const WINDOWS_LONG = 248;

/**
 * The path that a string or a `file:` URL is.
 *
 * @throws {TypeError} If it is neither, is empty, or has a zero in it, which would end it early.
 */
export function pathFrom(path: unknown): string {
  const text = path instanceof URL ? fromUrl(path) : path;
  if (typeof text !== "string") {
    throw new TypeError(
      `Cannot read a file: the path must be a string or a URL, current value is ${describe(path)}`,
    );
  }
  if (text === "") throw new TypeError("Cannot read a file: the path must not be empty");
  if (text.includes("\0")) {
    throw new TypeError("Cannot read a file: the path must not have a zero character in it");
  }
  // It would be another path once it is encoded.
  if (/\p{Surrogate}/u.test(text)) {
    throw new TypeError("Cannot read a file: the path must not have a lone surrogate in it");
  }
  return text;
}

function fromUrl(url: URL): string {
  if (url.protocol !== "file:") {
    throw new TypeError(
      `Cannot read a file: the URL must be one of a file, current protocol is ${url.protocol}`,
    );
  }
  if (url.host !== "") {
    throw new TypeError("Cannot read a file: the URL must not name a host");
  }
  if (/%2f/i.test(url.pathname)) {
    throw new TypeError("Cannot read a file: the URL must not have an encoded slash in its path");
  }
  return pathOf(url, detectRuntime().os);
}

/** With a zero at the end: UTF-16 on Windows, UTF-8 elsewhere. */
export function encodePath(path: string, os: string): Uint8Array {
  if (os !== "windows") return new TextEncoder().encode(`${path}\0`);
  const { toNamespacedPath } = hostProcess()?.getBuiltinModule("node:path") as {
    toNamespacedPath(path: string): string;
  };
  const long = path.length < WINDOWS_LONG ? path : toNamespacedPath(path);
  const units = new Uint16Array(long.length + 1);
  for (let index = 0; index < long.length; index++) units[index] = long.charCodeAt(index);
  return new Uint8Array(units.buffer);
}
