/**
 * From the negative number that reading a source returned to the error that callers get.
 *
 * @module
 */
import { type SecureMemoryError, SourceError, UnsupportedError } from "../errors.ts";
import { CODES } from "../native/abi.ts";
import { detailOf, reasonOf } from "../native/detail.ts";
import { failure } from "../native/failure.ts";
import type { Library } from "../native/library.ts";
import { empty, tooLarge } from "./refusals.ts";

/** What is worth saying in words, by the names that a system has for its numbers. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/ (ENOENT|ERROR_FILE_NOT_FOUND|ERROR_PATH_NOT_FOUND) /, "there is no such file"],
  [/ EISDIR /, "it is a directory"],
  [/ (EACCES|EPERM) /, "the system does not permit it"],
  // Windows says the same of a directory.
  [/ ERROR_ACCESS_DENIED /, "it is a directory, or the system does not permit it"],
  [/ EFAULT /, 'its file system cannot write into memfd_secret(2) memory, the store "secretmem"'],
  [/ (EBADF|ERROR_INVALID_HANDLE) /, "it is not open for reading"],
];

/**
 * The error for a source that could not be read.
 *
 * @param name What it is: a path in quotes, "the file descriptor 5".
 * @param maxBytes Bytes that it may have at most.
 */
export function sourceFailure(
  of: Library,
  result: number,
  name: string,
  maxBytes: number,
): SecureMemoryError {
  const action = `Cannot create a secret from ${name}`;
  const detail = detailOf(result);
  switch (CODES[-result & 0x7f]) {
    case "SourceFailed": {
      const why = reasonOf(of.runtime.os, detail);
      const words = WORDS.find(([errno]) => errno.test(why))?.[1] ?? "the system cannot read it";
      return new SourceError(`${action}: ${words}${why}`, { detail });
    }
    case "SourceTooLarge":
      return tooLarge(name, maxBytes);
    case "SourceEmpty":
      return empty(name);
    case "NotSupported":
      return new UnsupportedError(
        `${action}: on ${of.runtime.os} no descriptor can be read but 0, standard input`,
      );
    default:
      return failure(of, result, action);
  }
}
