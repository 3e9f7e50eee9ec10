/**
 * Children that report one value as JSON, and what such children often need.
 *
 * @module
 */
import assert from "node:assert/strict";
import process from "node:process";
import { type ChildOptions, type Outcome, runCode } from "./child.ts";
import { unless } from "./skip.ts";

/** The option `skip` of a test that reads /proc or uses a limit that only Linux has. */
export const notOnLinux: string | false = unless(
  "linux",
  process.platform === "linux",
  `this is about Linux, not ${process.platform}`,
);

/** The URL of a module of this project, for the source text of a child. */
export function moduleUrl(path: string): string {
  return JSON.stringify(new URL(`../../${path}`, import.meta.url).href);
}

const PRELUDE = `
import { readFileSync, readdirSync } from "node:fs";
import process from "node:process";
const { Secret } = securememory;
const report = (value) => console.log(JSON.stringify(value));
/** What a failure says of itself. */
const failureOf = (action) => {
  try {
    action();
  } catch (error) {
    const { name, code, message, errno, syscall, limitBytes, lockedBytes } = error;
    const ours = error instanceof securememory.SecureMemoryError;
    const ofAllocation = error instanceof securememory.AllocationError;
    const cause = error.cause === undefined ? undefined : String(error.cause);
    return { name, code, message, errno, syscall, limitBytes, lockedBytes, ours, ofAllocation, cause };
  }
  return null;
};
/** A line of /proc/self/status. */
const status = (name) =>
  readFileSync("/proc/self/status", "utf8").split("\\n").find((line) => line.startsWith(name + ":"))
    .slice(name.length + 1).trim();
const mappings = () => readFileSync("/proc/self/maps", "utf8").trimEnd().split("\\n").length;
const descriptors = () => readdirSync("/proc/self/fd").length;
`;

/** What `failureOf` tells of an error, in a child. */
export interface Failure {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
  readonly errno?: number;
  readonly syscall?: string;
  readonly limitBytes?: number;
  readonly lockedBytes?: number;
  /** It extends SecureMemoryError. */
  readonly ours: boolean;
  /** It extends AllocationError. */
  readonly ofAllocation: boolean;
  readonly cause?: string;
}

/** Runs source text with the helpers above in scope. */
export function runReporting(code: string, options: ChildOptions = {}): Promise<Outcome> {
  return runCode(`${PRELUDE}\n${code}`, options);
}

/** Runs a child that has to end well and to call `report` once. Returns what it reported. */
export async function reported<T>(code: string, options: ChildOptions = {}): Promise<T> {
  const outcome = await runReporting(code, options);
  assert.equal(outcome.signal, null, `The child was killed: ${outcome.stderr}`);
  assert.equal(outcome.status, 0, `The child failed: ${outcome.stderr}`);
  return JSON.parse(outcome.stdout) as T;
}
