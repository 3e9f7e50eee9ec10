/**
 * In place of `node:test` where there is none: tests are collected when their module starts, and
 * run one after the other when somebody asks.
 *
 * @module
 */

type Run = () => unknown;

interface Options {
  readonly skip?: string | boolean;
}

/** A test. */
export interface Case {
  readonly name: string;
  readonly skip: string | boolean;
  readonly run: Run;
}

/** Every test so far. */
export const cases: Case[] = [];

/** Names of the groups that are being filled. */
const groups: string[] = [];

/** As `node:test` has it, as far as the suite uses it. */
export function test(name: string, ...rest: readonly [Run] | readonly [Options, Run]): void {
  const [options, run] = rest.length === 1 ? [{}, rest[0]] : rest;
  cases.push({ name: [...groups, name].join(": "), skip: options.skip ?? false, run });
}

/** The same. */
export const it = test;

/** Likewise. */
export function describe(name: string, fill: () => void): void {
  groups.push(name);
  fill();
  groups.pop();
}
