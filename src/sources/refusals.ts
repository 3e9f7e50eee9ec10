/**
 * What is wrong with a source itself.
 *
 * @module
 */
import { SourceError } from "../errors.ts";

/** The source has more bytes than it may. */
export function tooLarge(name: string, maxBytes: number): SourceError {
  return new SourceError(
    `Cannot create a secret from ${name}: it has more than ${maxBytes} bytes, the option maxBytes`,
  );
}

/** The source has no bytes, or none but the line's end that is left out. */
export function empty(name: string): SourceError {
  return new SourceError(`Cannot create a secret from ${name}: it is empty`);
}
