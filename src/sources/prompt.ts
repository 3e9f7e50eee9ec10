/**
 * Secrets that somebody types at the terminal: read natively, byte by byte, straight into the
 * page.
 *
 * @module
 */
import { describe } from "../arguments.ts";
import type { Cell } from "../cell.ts";
import { createOfSource } from "../create.ts";
import { type SecureMemoryError, SourceError } from "../errors.ts";
import { CODES } from "../native/abi.ts";
import { detailOf, reasonOf } from "../native/detail.ts";
import type { Library } from "../native/library.ts";
import { endAllRest } from "../rest.ts";
import { sourceFailure } from "./failure.ts";
import { type PromptOptions, splitPromptOptions } from "./options.ts";

const SOURCE = "the terminal";

/** Why there is none, by what the native library says. */
const WORDS: { readonly [code: string]: string } = {
  SourceEmpty: "the answer is empty",
  SourceEnded: "the input ended before there was an answer",
  SourceInterrupted: "a signal interrupted the question",
  SourceBusy: "another thread is asking",
};

/** A secret of what is answered to a question. */
export function ask(question: string, options: PromptOptions | undefined): Cell {
  if (typeof question !== "string") {
    throw new TypeError(
      `Cannot ask for a secret: the question must be a string, current value is ${
        describe(question)
      }`,
    );
  }
  const { maxBytes, rest } = splitPromptOptions(options);
  // One byte more, so that an empty question is no empty array.
  const text = new TextEncoder().encode(`${question}\0`);
  // Room has to be there before: nobody wants to answer twice.
  endAllRest();
  return createOfSource(
    rest,
    (calls, { alignment, flags }) =>
      calls.securememory_create_prompt(text, text.byteLength - 1, maxBytes, alignment, flags),
    (of, result) => explain(of, result, maxBytes),
  );
}

function explain(of: Library, result: number, maxBytes: number): SecureMemoryError {
  const code = CODES[-result & 0x7f] ?? "";
  const detail = detailOf(result);
  const words = code === "SourceFailed" ? whyNot(detail.syscall) : WORDS[code];
  if (words === undefined) return sourceFailure(of, result, SOURCE, maxBytes);
  return new SourceError(
    `Cannot create a secret from ${SOURCE}: ${words}${reasonOf(of.runtime.os, detail)}`,
    { detail },
  );
}

function whyNot(syscall: string): string {
  return syscall === "open" || syscall === "CreateFile"
    ? "this process has none"
    : "it is gone, or nobody can bring this process to its foreground";
}
