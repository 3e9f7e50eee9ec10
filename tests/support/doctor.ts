/**
 * The doctor in a child, as a user starts it.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Advice, Report, Row, RowName } from "../../doctor.ts";
import { type ChildOptions, type Outcome, runScript } from "./child.ts";

/** What `--json` prints. */
export interface Printed extends Report {
  readonly required: readonly RowName[];
  readonly missing: readonly RowName[];
  readonly ok: boolean;
}

/** Runs the command with a command line. */
export function doctor(args: readonly string[], options: ChildOptions = {}): Promise<Outcome> {
  return runScript("doctor.ts", { ...options, args });
}

/** Its exit status and its JSON, of which standard output holds nothing else. */
export async function examined(
  args: readonly string[] = [],
  options: ChildOptions = {},
): Promise<{ readonly status: number | null; readonly printed: Printed }> {
  const { status, signal, stdout, stderr } = await doctor(["--json", ...args], options);
  assert.equal(signal, null, stderr);
  return { status, printed: JSON.parse(stdout) as Printed };
}

/** A row by its name. */
export function rowOf({ rows }: Pick<Report, "rows">, name: RowName): Row {
  const row = rows.find((one) => one.name === name);
  assert.ok(row, `there is no row "${name}"`);
  return row;
}

/** The names of pieces of advice. */
export function idsOf(advice: readonly Advice[]): string[] {
  return advice.map(({ id }) => id);
}

/** Text as if it had not been broken into lines. */
export function unwrapped(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}
