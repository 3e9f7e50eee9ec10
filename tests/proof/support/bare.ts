/**
 * Pages that the library has no part in: what the kernel itself promises.
 *
 * @module
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { detectRuntime } from "../../../src/native/library.ts";
import { unless } from "../../support/skip.ts";
import type { Answer, Found } from "./observer.ts";
import { outcomeOf } from "./outcome.ts";
import { programs } from "./programs.ts";

/** What a reader is expected to find on pages that mprotect(2) has closed. */
export interface Bare {
  /** One that is locked and nothing else. */
  readonly locked: string;
  /** One of memfd_secret(2). */
  readonly secretmem: string;
}

/** The option `skip` of a test that needs memfd_secret(2) itself. */
export function withoutMemfdSecret(): string | false {
  const { holder_secretmem } = detectRuntime().load(programs().holder, {
    holder_secretmem: { parameters: ["buffer"], result: "i32" },
  });
  const result = holder_secretmem(new Uint8Array(8));
  return unless("memfd_secret", result === 0, `the kernel refuses it with errno ${-result}`);
}

/** Declares the tests of both kinds of bare pages. */
export function itFindsBarePages(
  skip: string | false,
  expected: Bare,
  measure: () => Promise<Answer>,
): void {
  const check = async (kind: keyof Bare) => {
    const { tokens } = await measure();
    assert.equal(outcomeOf(tokens.get(`bare ${kind}`) as Found), expected[kind]);
  };
  it(
    `finds a page that is only locked and closed: ${expected.locked}`,
    { skip },
    () => check("locked"),
  );
  it(`finds a bare page of memfd_secret(2): ${expected.secretmem}`, {
    skip: skip || withoutMemfdSecret(),
  }, () => check("secretmem"));
}
