/**
 * What happened in a run, counted by name.
 *
 * @module
 */

/** Numbers by name. */
export type Counts = Record<string, number>;

/** What one thread saw, or all of them. */
export interface Outcome {
  /** Operations that were tried, by kind. */
  readonly operations: Counts;
  /** Errors that these threw, by type and by the system call that failed. */
  readonly errors: Counts;
  /** Secrets that were gone after an error, or since another thread has closed them, by kind. */
  readonly gone: Counts;
  /** What may not be: contents, states and errors. The first few, in words. */
  readonly wrong: string[];
}

/** So many findings are kept in words; more would say nothing new. */
export const WRONG_MAX = 20;

/** Nothing yet. */
export function nothing(): Outcome {
  return { operations: {}, errors: {}, gone: {}, wrong: [] };
}

/** One more of a name. */
export function count(counts: Counts, name: string, by = 1): void {
  counts[name] = (counts[name] ?? 0) + by;
}

/** Adds what one thread saw to what all saw. */
export function add(all: Outcome, one: Outcome): void {
  for (const part of ["operations", "errors", "gone"] as const) {
    for (const [name, number] of Object.entries(one[part])) count(all[part], name, number);
  }
  all.wrong.push(...one.wrong.slice(0, WRONG_MAX - all.wrong.length));
}

/** The sum of all. */
export function sum(counts: Counts): number {
  return Object.values(counts).reduce((total, number) => total + number, 0);
}

/** Largest first. */
export function sorted(counts: Counts): [string, number][] {
  return Object.entries(counts).sort(([, a], [, b]) => b - a);
}
