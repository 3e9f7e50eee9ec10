/**
 * The ways of keeping a key that are compared, and what docs/copies.json holds of them.
 *
 * @module
 */

import type { Arrival } from "./arrivals.ts";
import type { Operation } from "./operations.ts";

/** The ways, in the order in which they are shown. */
export const WAYS = {
  string: "a string, dropped",
  array: "a Uint8Array, dropped",
  wiped: "a Uint8Array, wiped with `fill(0)`",
  given: "the same, and given to `equals` of a `Secret`",
  from: "a `Secret` by `from`, closed",
  fill: "a `Secret` by `fill`, closed",
  secretmem: "the same on the store `secretmem`",
} as const;

/** One of {@linkcode WAYS}. */
export type Way = keyof typeof WAYS;

/** What the key is used for: by code that takes no copy, or by `node:crypto`. */
export const USES = {
  compare: "compared 3,000 times",
  hmac: "3,000 calls of `createHmac`",
} as const;

/** One of {@linkcode USES}. */
export type Use = keyof typeof USES;

/** How often each use happens. */
export const ROUNDS = 3000;

/** Places at which the key stood, as it is, as UTF-16, or as a pad of HMAC. */
export interface Counts {
  /** While it was in use. */
  readonly kept: number;
  /** After it was given up and all garbage was collected. */
  readonly after: number;
}

/** The counts of one runtime. */
export type Table = Readonly<Record<Use, Readonly<Record<Way, Counts>>>>;

/** The counts of one runtime for keys that are kept in a `Secret` and used in one of the ways. */
export type UsedTable = Readonly<Record<Operation, Counts>>;

/** The counts of one runtime for keys that become a `Secret` in one of the ways. */
export type CameTable = Readonly<Record<Arrival, Counts>>;

/** What docs/copies.json holds. */
export interface Copies {
  readonly date: string;
  readonly system: string;
  readonly runtimes: Readonly<
    Record<
      "bun" | "deno" | "node",
      {
        readonly version: string;
        readonly counts: Table;
        readonly came: CameTable;
        readonly used: UsedTable;
      }
    >
  >;
}
