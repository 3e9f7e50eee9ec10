/**
 * Examples that serve: started on a free port of loopback, and ended.
 *
 * @module
 */
import type { ChildProcess } from "node:child_process";
import { patience } from "../../support/child.ts";
import { type Given, outputOf, start } from "./runtimes.ts";

/** A server that listens. */
export interface Server extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  readonly pid: number;
  /** What it has printed so far, on both. */
  printed(): string;
  /** Asks it to end; resolves to its status, or to the name of the signal that ended it. */
  stop(): Promise<number | string>;
}

/** Starts a server, and waits until its output matches, whose first group is the port. */
export async function serve(
  command: readonly string[],
  given: Given = {},
  listening: RegExp = /https?:\/\/(?:127\.0\.0\.1|localhost):(\d+)/,
): Promise<Server> {
  const env = { HOST: "127.0.0.1", PORT: "0", ...given.env };
  const child = start(command, { ...given, env });
  const output = outputOf(child);
  const ended = endOf(child);
  const printed = () => output.stdout + output.stderr;
  const stop = () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), patience(5_000));
    return ended.finally(() => clearTimeout(timer));
  };
  const waiting = Date.now();
  let port: string | undefined;
  while (port === undefined) {
    if (child.exitCode !== null || Date.now() - waiting > patience(20_000)) {
      await stop();
      throw new Error(`${command.join(" ")} does not listen:\n${printed()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    port = listening.exec(printed())?.[1];
  }
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid as number,
    printed,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve(status ?? signal ?? "?"));
  });
}
