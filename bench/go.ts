/**
 * The peers in Go, as a child that runs a loop when asked to: so they too are measured
 * in turn with the library, moments apart, although in another process.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Timed } from "./sample.ts";

const PROGRAM = fileURLToPath(new URL("./peers/bin/peers", import.meta.url));

/** The child. */
export interface Go {
  /** An operation by the name it has in bench/peers/go. */
  timed(name: string): Timed;
  end(): void;
}

/**
 * Starts the child that scripts/bench.mjs has built.
 *
 * @throws If it was not built.
 */
export function go(): Go {
  if (!existsSync(PROGRAM)) throw new Error("bench/peers/bin/peers was not built");
  const child = spawn(PROGRAM, ["--serve"], { stdio: ["pipe", "pipe", "inherit"] });
  let answered: ((line: string) => void) | undefined;
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    if (!text.endsWith("\n")) return;
    answered?.(text);
    text = "";
  });
  const ended = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (status) => reject(new Error(`The Go peers ended with ${status}`)));
  });
  ended.catch(() => {}); // Whoever waits for an answer hears of it.
  return {
    timed(name) {
      return async (rounds) => {
        const answer = new Promise<string>((resolve) => answered = resolve);
        child.stdin.write(`${rounds} ${name}\n`);
        return Number.parseFloat(await Promise.race([answer, ended]));
      };
    },
    end: () => child.stdin.end(),
  };
}
