/**
 * Starting examples as their users would: on each runtime, and on Deno with the rights that
 * the comment at the head of the example names, and no others.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { patience, ROOT } from "../../support/child.ts";
import { read } from "../../support/documents.ts";
import { toolchain } from "../../support/native.ts";

/** A runtime that examples name. */
export type Runtime = "bun" | "deno" | "node";

/** All of them. */
export const RUNTIMES: readonly Runtime[] = ["bun", "deno", "node"];

/** What a child gets besides its command line. */
export interface Given {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** How a child ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The comment at the head of a file, as a text without line ends. */
function header(path: string): string {
  const [comment] = /^\/\*\*[^]*?\*\//.exec(read(path)) ?? [];
  assert.ok(comment !== undefined, `${path} starts with no comment`);
  return comment.replaceAll(/\\?\n \*/g, " ").replaceAll(/\s+/g, " ");
}

/** The rights on Deno that an example says it needs. */
export function denoFlags(path: string): string[] {
  const flags = /\bdeno run ((?:--[^ ]+ )*)examples\//.exec(header(path))?.[1];
  assert.ok(flags !== undefined, `${path} does not say how to run it on Deno`);
  return flags.trim().split(" ");
}

/** The command line that runs an example: a path from the root of the project. */
export function commandOf(runtime: Runtime, path: string): string[] {
  const program = {
    bun: toolchain.findBun,
    deno: toolchain.findDeno,
    node: toolchain.findNode,
  }[runtime]();
  assert.ok(program !== undefined, `${runtime} is not installed; scripts/setup.mjs does it`);
  if (runtime !== "deno") assert.ok(header(path).includes(`${runtime} ${path}`), `${path}: how?`);
  const flags = {
    bun: [],
    deno: ["run", "--no-prompt", ...runtime === "deno" ? denoFlags(path) : []],
    node: ["--disable-warning=ExperimentalWarning"],
  }[runtime];
  return [program, ...flags, path];
}

/** Starts a child in the root of the project. */
export function start(command: readonly string[], { args = [], env = {} }: Given): ChildProcess {
  const [program, ...rest] = command as [string, ...string[]];
  return spawn(program, [...rest, ...args], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** What a child prints, growing while it does. */
export function outputOf(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => output.stdout += text);
  child.stderr?.setEncoding("utf8").on("data", (text: string) => output.stderr += text);
  return output;
}

/** Runs an example to its end. */
export function run(runtime: Runtime, path: string, given: Given = {}): Promise<Ended> {
  const child = start(commandOf(runtime, path), given);
  const output = outputOf(child);
  const timer = setTimeout(() => child.kill("SIGKILL"), patience(30_000));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => {
      clearTimeout(timer);
      resolve({ status, ...output });
    });
  });
}
