/**
 * How children end, and what their memory holds then: seen from outside, by the program
 * tests/native/exit_stop.zig.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { type ChildOptions, type Outcome, runFile } from "./child.ts";
import { buildProgram } from "./native.ts";
import { moduleUrl } from "./report.ts";

/** How a child ended, and what was seen of its secrets, one number for each. */
export interface Ending {
  /** Bytes of content found before its end began. */
  readonly before: readonly number[];
  /** Bytes of content found at its last moment. */
  readonly atExit: readonly number[];
  /** Exit status as wait(2) has it; `null` if a signal ended it. */
  readonly status: number | null;
  /** Name of the signal that ended it, or `null`. */
  readonly signal: string | null;
  /** What the child printed, on both streams. */
  readonly printed: string;
}

/** Content that {@linkcode Ender.end} looks for: `make(length)` makes secrets of it. */
const PRELUDE = `
import { readSync } from "node:fs";
import process from "node:process";
import { Worker } from "node:worker_threads";
import * as securememory from ${moduleUrl("mod.ts")};
import { addressOf } from ${moduleUrl("tests/support/memory.ts")};
const { Secret, purgeOnSignals } = securememory;
const content = (length) => new Uint8Array(length).fill(0xa7);
// Memory that can be read from outside by design; the other store's is empty there anyway.
const make = (length = 32) => Secret.from(content(length), { store: "locked" });
/** Tells where secrets are, and waits until they were looked at. */
const look = (...secrets) => {
  for (const secret of secrets) {
    const place = secret.withBytes(addressOf).toString(16);
    console.log("look " + place + " " + secret.length);
  }
  ready();
};
const ready = () => {
  console.log("ready");
  // Blocks where the runtime lets a pipe block; Node may have made it refuse instead.
  const answer = new Uint8Array(1);
  for (;;) {
    try {
      readSync(0, answer);
      return;
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
};
const turn = (milliseconds = 1) => new Promise((resolve) => setTimeout(resolve, milliseconds));
`;

/** Builds the program once, and ends children with it. */
export class Ender {
  readonly #folder: string = mkdtempSync(join(tmpdir(), "securememory-test-"));
  readonly #program: string = buildProgram("exit_stop", this.#folder);
  #scripts = 0;

  /** Runs a child and watches its end. It has to call `look(...secrets)` once. */
  async end(code: string, options: ChildOptions = {}): Promise<Ending> {
    const path = join(this.#folder, `child${this.#scripts++}.mjs`);
    writeFileSync(path, `${PRELUDE}\n${code}`);
    const wrapper = [this.#program, ...options.wrapper ?? []];
    const { status, stdout, stderr }: Outcome = await runFile(path, { ...options, wrapper });
    assert.equal(status, 0, stderr);
    const seen = JSON.parse(stdout) as {
      before: number[] | null;
      atExit: number[] | null;
      status: number;
    };
    assert.ok(seen.before !== null && seen.before.length > 0, `It never looked: ${stderr}`);
    assert.ok(seen.atExit !== null, `It ended without a last moment: ${stderr}`);
    const killed = seen.status & 0x7f;
    const name = Object.entries(constants.signals).find(([, number]) => number === killed)?.[0];
    return {
      before: seen.before,
      atExit: seen.atExit,
      status: killed === 0 ? seen.status >> 8 : null,
      signal: name ?? null,
      printed: stderr,
    };
  }

  /** Deletes the program. */
  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
