/**
 * Other processes of the demo: scripts of this folder, on the same runtime.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { IN_ONE_FILE, RUNTIME } from "./runtime.ts";

/** How a child ended. */
export interface Ending {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A child's environment: nothing of the receiver's own, and no proxy before 127.0.0.1. */
const ENVIRONMENT: Record<string, string> = {
  NO_PROXY: "127.0.0.1",
  // The child that is meant to crash must not send its crash to Bun's makers.
  DO_NOT_TRACK: "1",
  ...(process.platform === "win32" && { SystemRoot: process.env.SystemRoot ?? "" }),
};

/**
 * Starts a script, which ends with `cleanup` at the latest.
 *
 * @param rights What Deno lets it do; Bun and Node let it do everything.
 */
export function start(
  script: string,
  args: readonly string[],
  rights: readonly string[],
  cleanup: DisposableStack,
): ChildProcess {
  const path = IN_ONE_FILE ? script : fileURLToPath(new URL(script, import.meta.url));
  const flags = {
    bun: [],
    deno: ["run", "--quiet", "--no-prompt", ...rights],
    node: ["--disable-warning=ExperimentalWarning"],
  }[RUNTIME];
  const child = spawn(process.execPath, [...flags, path, ...args], {
    env: ENVIRONMENT,
    stdio: ["pipe", "pipe", "pipe"],
  });
  cleanup.defer(() => child.kill("SIGKILL"));
  // A child that is gone is noticed by its ending, not by a broken pipe.
  child.stdin?.on("error", () => {});
  return child;
}

/** Waits until the child has ended. */
export function ending(child: ChildProcess): Promise<Ending> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr?.setEncoding("utf8").on("data", (text: string) => stderr += text);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}
