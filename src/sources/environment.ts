/**
 * Secrets of environment variables: copied natively, straight from where the system has them to
 * the page.
 *
 * @module
 */
import { describe } from "../arguments.ts";
import type { Cell } from "../cell.ts";
import { createOfSource } from "../create.ts";
import { type SecureMemoryError, SourceError } from "../errors.ts";
import { CODES } from "../native/abi.ts";
import { isShortage } from "../native/failure.ts";
import { detectRuntime, type Library } from "../native/library.ts";
import type { Runtime } from "../native/runtime.ts";
import { endAllRest } from "../rest.ts";
import { sourceFailure } from "./failure.ts";
import { type EnvironmentOptions, splitEnvironmentOptions } from "./options.ts";

/** A secret of a variable's value; the variable is gone afterwards if that is wanted. */
export function readEnvironment(from: string, options: EnvironmentOptions | undefined): Cell {
  const name = checkName(from);
  const runtime = detectRuntime();
  const { scrubs, rest } = splitEnvironmentOptions(options);
  const source = `the environment variable "${name}"`;
  // Native code may read what the runtime would not: it is asked first, and never prompts.
  const refusal = runtime.environmentRefusal(name);
  if (refusal !== undefined) {
    throw new SourceError(
      `Cannot create a secret from ${source}: reading it is not permitted. ${refusal}`,
    );
  }
  const encoded = encodeName(name, runtime.os);
  const made = createOfSource(
    rest,
    (calls, { alignment, flags }) => {
      const read = () =>
        calls.securememory_create_environment(
          encoded,
          encoded.byteLength,
          Number(scrubs),
          alignment,
          flags,
        );
      const handle = read();
      return handle < 0 && isShortage(handle) && endAllRest() ? read() : handle;
    },
    (of, result) => explain(of, result, name, source),
  );
  // Only then: it takes the runtime's own copy away, if there is one, and reads nothing.
  if (scrubs) runtime.forgetVariable(name);
  return made;
}

/**
 * @throws {TypeError} If no variable can be called so.
 */
function checkName(name: unknown): string {
  if (typeof name !== "string") {
    throw new TypeError(
      `Cannot read an environment variable: its name must be a string, current value is ${
        describe(name)
      }`,
    );
  }
  const wrong = name === ""
    ? "be empty"
    : name.includes("=")
    ? "have an equals sign in it"
    : name.includes("\0")
    ? "have a zero character in it"
    : /\p{Surrogate}/u.test(name)
    ? "have a lone surrogate in it"
    : undefined;
  if (wrong === undefined) return name;
  throw new TypeError(`Cannot read an environment variable: its name must not ${wrong}`);
}

/** As the system takes it: with a zero at its end, in UTF-16 on Windows. */
function encodeName(name: string, os: string): Uint8Array {
  if (os !== "windows") return new TextEncoder().encode(`${name}\0`);
  const units = Uint16Array.from(`${name}\0`, (_, index) => name.charCodeAt(index) || 0);
  return new Uint8Array(units.buffer);
}

function explain(of: Library, result: number, name: string, source: string): SecureMemoryError {
  if (CODES[-result & 0x7f] !== "SourceMissing") return sourceFailure(of, result, source, Infinity);
  return missing(of.runtime, name, source);
}

function missing(runtime: Runtime, name: string, source: string): SourceError {
  const action = `Cannot create a secret from ${source}`;
  return new SourceError(
    runtime.ownsVariable(name)
      ? `${action}: only this thread's JavaScript has it, as a string that cannot be wiped. ` +
        "Set it before the process starts, or use Secret.fromString"
      : `${action}: it is not set`,
  );
}
