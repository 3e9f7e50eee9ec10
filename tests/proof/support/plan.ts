/**
 * What a holder holds: one secret for each stage and for each way to make one, on each
 * combination of store and gate, each with a token of its own. One look at the process
 * from outside then shows all of them at once.
 *
 * @module
 */
import type { Gate, Store } from "../../support/ladders.ts";

/** Where a secret can be in its life when it is looked for. */
export const STAGES = ["before", "in", "after", "closed"] as const;

/** One of {@linkcode STAGES}: before its first window, in one, after one, after close. */
export type Stage = typeof STAGES[number];

/** Native calls that handle the bytes; the secrets were open before and are not any more. */
export const CALLS = ["from", "random", "copy", "equals"] as const;

/** One secret's place in the plan; `recent` had a window a moment ago, the others are at rest. */
export type Case = Stage | typeof CALLS[number] | "recent";

/** All cases, in the order in which a holder makes them. */
export const CASES: readonly Case[] = [...STAGES, ...CALLS, "recent"];

/** Secrets that carry the token of a case. */
export function copiesOf(one: Case): number {
  return one === "copy" || one === "equals" ? 2 : 1;
}

/** Name of the token of a case. */
export function tokenName(rung: { store: Store; gate: Gate }, one: Case): string {
  return `${rung.store}, ${rung.gate}, ${one}`;
}

/** What the holder is told on its command line. */
export interface HolderTask {
  /** Path of the library of `native/holder.zig`. */
  readonly library: string;
  readonly rungs: readonly { readonly store: Store; readonly gate: Gate }[];
  /** A file for each secret of `Secret.random`: it writes the page's bytes there. */
  readonly folder: string;
  /** Gives the engine's untouched memory back before it waits. */
  readonly hollow: boolean;
  /** Writes heap snapshots before it waits. */
  readonly snapshots: boolean;
}

/** What the holder says once everything is in its place. */
export interface HolderReport {
  /** Where the bytes of each token are, in hex. */
  readonly pages: Readonly<Record<string, readonly string[]>>;
  /** Paths of the heap snapshots. */
  readonly snapshots: readonly string[];
}
