/**
 * Starts a holder, and gives it the tokens.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline";
import { commandLine, ROOT } from "../../support/child.ts";
import { CASES, copiesOf, type HolderReport, type HolderTask, tokenName } from "./plan.ts";
import type { Pages } from "./observer.ts";
import { programs } from "./programs.ts";
import { RUNGS } from "../../support/rungs.ts";

const TOKEN_BYTES = 32;

/** Pages that the library has no part in. */
const BARE = ["bare unlocked", "bare locked", "bare secretmem"];

/** How to start a holder. */
export interface HolderOptions {
  /** What stands before the runtime on the command line. */
  readonly wrapper?: readonly string[];
  /** Gives the engine's untouched memory back; the holder cannot go on after its wait then. */
  readonly hollow?: boolean;
  /** Writes heap snapshots before it waits. */
  readonly snapshots?: boolean;
}

/** A process that holds the secrets of the plan, and waits. */
export interface Holder {
  readonly pid: number;
  /** Its working folder. */
  readonly folder: string;
  readonly tokens: ReadonlyMap<string, Uint8Array>;
  /** Where the bytes of each token are. */
  readonly pages: Pages;
  readonly report: HolderReport;
  /** Sends a signal and resolves once the process is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** Works with a holder, and ends it whatever happens. */
export async function withHolder<T>(
  options: HolderOptions,
  use: (holder: Holder) => Promise<T> | T,
): Promise<T> {
  programs();
  const folder = mkdtempSync(join(tmpdir(), "securememory-holder-"));
  const { child, ended } = launch(folder, options);
  const complaint = text(child.stderr);
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`The holder ended too early: ${complaint()}`);
      return value as string;
    };
    const tokens = makeTokens();
    child.stdin.write(firstTokens(tokens));
    const report = JSON.parse(await next()) as HolderReport;
    for (const name of randomNames()) tokens.set(name, readFileSync(join(folder, name)));
    child.stdin.write(Buffer.concat([tokens.get("stack"), tokens.get("registers")] as Buffer[]));
    if (await next() !== "waiting") throw new Error("The holder does not wait");
    const pages = new Map(
      Object.entries(report.pages).map(([name, found]) => [name, found.map(address)]),
    );
    const end = (signal: NodeJS.Signals) => {
      // Not child.kill: Deno closes the child's input first, and the holder would go on.
      process.kill(child.pid as number, signal);
      return ended;
    };
    return await use({ pid: child.pid as number, folder, tokens, pages, report, end });
  } finally {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true });
  }
}

function launch(folder: string, options: HolderOptions) {
  const { wrapper = [], hollow = false, snapshots = false } = options;
  const task: HolderTask = {
    library: programs().holder,
    rungs: RUNGS.map(({ store, gate }) => ({ store, gate })),
    folder,
    hollow,
    snapshots,
  };
  const script = join(ROOT, "tests/proof/children/holder.ts");
  const [program, ...args] = commandLine(script, { wrapper, args: [JSON.stringify(task)] });
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(program as string, args, {
    cwd: folder,
    env: process.env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve());
  });
  return { child, ended };
}

function text(stream: Readable): () => string {
  let seen = "";
  stream.setEncoding("utf8").on("data", (part: string) => seen += part);
  return () => seen;
}

/** Tokens by name, in the order in which the holder takes them. */
function makeTokens(): Map<string, Uint8Array> {
  const planned = RUNGS.flatMap((rung) =>
    CASES.filter((one) => one !== "random").map((one) => tokenName(rung, one))
  );
  const names = ["control", ...BARE, ...planned, "stack", "registers"];
  return new Map(names.map((name) => [name, randomBytes(TOKEN_BYTES)]));
}

/** What the holder reads before it reports. Two equal secrets are two tokens for it. */
function firstTokens(tokens: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const rungs = RUNGS.flatMap((rung) =>
    CASES.filter((one) => one !== "random").flatMap((one) => {
      const token = tokens.get(tokenName(rung, one)) as Uint8Array;
      return one === "equals" ? Array(copiesOf(one)).fill(token) as Uint8Array[] : [token];
    })
  );
  const bare = ["control", ...BARE].map((name) => tokens.get(name));
  return Buffer.concat([...bare as Uint8Array[], ...rungs]);
}

function randomNames(): string[] {
  return RUNGS.map((rung) => tokenName(rung, "random"));
}

function address(hex: string): bigint {
  return BigInt(`0x${hex}`);
}
