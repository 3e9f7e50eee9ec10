/**
 * Numbers as the documents show them.
 *
 * @module
 */
import type { Figure, Figures, RuntimeName, Subject } from "./figures.ts";

export const TITLES: Readonly<Record<RuntimeName, string>> = {
  bun: "Bun",
  deno: "Deno",
  node: "Node",
};

/** `Bun 1.4.5`. */
export function titleOf(name: RuntimeName, { version }: Subject): string {
  return `${TITLES[name]} ${version}`;
}

/** Nanoseconds, in a unit that keeps them short. */
export function time(ns: number): string {
  return ns >= 1000 ? `${short(ns / 1000)} µs` : `${short(ns)} ns`;
}

/** Three digits, or two behind the point. */
function short(value: number): string {
  return value.toFixed(value >= 10 ? 1 : 2);
}

export function ratio(value: number): string {
  return `${value.toFixed(2)}×`;
}

/** A row that has to be there. */
export function rowOf({ rows }: Subject, name: string): Figure {
  const row = rows[name];
  if (row === undefined) throw new RangeError(`Cannot show "${name}": it was not measured`);
  return row;
}

/** What a row is to another one that ran beside it. */
export function ratioOf(subject: Subject, name: string, reference: string): number {
  const found = rowOf(subject, name).ratios[reference];
  if (found !== undefined) return found;
  throw new RangeError(`Cannot show "${name}" to "${reference}": it was not measured`);
}

/** Where and when: one line. */
export function whereOf({ machine, date }: Figures): string {
  return `${machine}; ${date}`;
}
