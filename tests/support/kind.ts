/**
 * Which kind of secrets the tests of this process are about: see `kinds.ts`. Apart from it, since tests
 * that the edge runs as well ask for it, and the edge has no pools.
 *
 * @module
 */
import process from "node:process";
import { unless } from "./skip.ts";

/** Which of them this process tests. */
export const KIND: string = process.env.SECUREMEMORY_TEST_KIND ?? "own";

/** The option `skip` of a test of what holds for secrets with pages of their own only. */
export function ownPages(reason: string): string | false {
  return unless("own pages", KIND === "own", reason);
}

/** The same, for what a pool that seals has otherwise, and one that does not has as well. */
export function neverSealed(reason: string): string | false {
  return unless("never sealed", KIND !== "seal", reason);
}
