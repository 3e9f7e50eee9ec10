/**
 * Counts the copies of a key in another process, before and after that process gave it up.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { countCopies, search } from "../../demo/search.ts";
import { type Mapping, mappings } from "../../demo/smaps.ts";
import { type Arrival, AT_A_TERMINAL, encodingOf, QUESTION, VARIABLE } from "./arrivals.ts";
import type { Operation } from "./operations.ts";
import { formsOf, MAC } from "./schedule.ts";
import type { Counts, Use, Way } from "./ways.ts";

/** The search tells a page from the rest of the process; here all of it counts alike. */
const NO_PAGE: Mapping = {
  range: "none",
  from: 0,
  to: 4096,
  permissions: "",
  resident: false,
  flags: [],
};

/** Places at which a key stands in a process: as bytes, as a pad of HMAC, or as UTF-16. */
export function placesOf(pid: number, key: Uint8Array): number {
  const wide = Buffer.from(Buffer.from(key).toString("latin1"), "utf16le");
  const all = mappings(`${pid}`);
  return [key, wide]
    .map((form) => countCopies(`${pid}`, all, NO_PAGE, form).elsewhere)
    .reduce((sum, places) => sum + places);
}

/** How often each form stands in a process. */
export function formsIn(
  pid: number,
  forms: Readonly<Record<string, Uint8Array>>,
): Readonly<Record<string, number>> {
  const names = Object.keys(forms);
  const counts: Record<string, number> = Object.fromEntries(names.map((name) => [name, 0]));
  const pageBytes = NO_PAGE.to - NO_PAGE.from;
  search(
    `${pid}`,
    mappings(`${pid}`),
    pageBytes,
    Object.values(forms),
    (_mapping, index) => {
      counts[names[index] as string]! += 1;
    },
  );
  return counts;
}

type CommandFor = (...args: string[]) => readonly string[];

/** A process that answers line by line, and a file with a key for it. */
interface Held {
  readonly pid: number;
  readonly key: Uint8Array;
  /** What it says when it has got as far as that, behind the word. */
  until(stage: string): Promise<string>;
  /** Lets it go on. */
  goOn(): void;
}

interface Setting {
  /** What the file holds, made of the key. Default: the key. */
  readonly content?: (key: Buffer) => Uint8Array;
  /** The file is a pipe that gives it. */
  readonly piped?: boolean;
  /** The variable that has the key. */
  readonly variable?: string;
  /** The holder is at a terminal, and this is what it asks before the key is typed. */
  readonly question?: string;
}

/** Runs a script with the path of a file that holds a key, as its last argument. */
async function withHolder<T>(
  commandFor: CommandFor,
  [script, ...words]: readonly [string, ...string[]],
  use: (held: Held) => Promise<T>,
  { content, piped, variable, question }: Setting = {},
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "securememory-copies-"));
  const key = Buffer.from(randomBytes(24).toString("base64url"));
  const path = join(folder, "key");
  writeFileSync(path, content?.(key) ?? key, { mode: 0o600 });
  const given = piped === true ? join(folder, "pipe") : path;
  if (piped === true) execFileSync("mkfifo", [given]);
  const module = new URL(script, import.meta.url).pathname;
  const command = commandFor(module, ...words, given);
  const [program, ...args] = question === undefined ? command : [...AT_A_TERMINAL, ...command];
  const env = variable === undefined ? process.env : { ...process.env, [variable]: `${key}` };
  const child = spawn(program as string, args, { stdio: ["pipe", "pipe", "inherit"], env });
  const feeder = piped === true
    ? spawn("dd", [`if=${path}`, `of=${given}`, "status=none"], { stdio: "ignore" })
    : undefined;
  try {
    if (question !== undefined) await typeAt(question, key, child);
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return await use({
      pid: child.pid as number,
      key,
      async until(stage: string): Promise<string> {
        let { value } = await answers.next();
        // A terminal shows the end of what was typed, too.
        while (question !== undefined && value?.trim() === "") ({ value } = await answers.next());
        const [word, rest] = `${value}`.trim().split(" ", 2);
        if (word !== stage) throw new Error(`The holder said "${value}", wanted is "${stage}"`);
        return rest ?? "";
      },
      goOn: () => void child.stdin.write("\n"),
    });
  } finally {
    child.kill("SIGKILL");
    feeder?.kill("SIGKILL");
    key.fill(0);
    rmSync(folder, { recursive: true });
  }
}

/** Types the key and Enter once the question is there. */
async function typeAt(question: string, key: Buffer, child: ChildProcess): Promise<void> {
  let shown = "";
  const terminal = child.stdout as Readable;
  await new Promise<void>((resolve, reject) => {
    const look = (part: Buffer) => {
      shown += part;
      if (!shown.endsWith(question)) return;
      terminal.off("data", look);
      resolve();
    };
    terminal.on("data", look);
    child.once("exit", () => reject(new Error(`The holder ended; it said "${shown}"`)));
  });
  child.stdin?.write(Buffer.concat([key, Buffer.from("\n")]));
}

/**
 * Runs arrive.ts and looks at it twice, for the key and for what stood for it: as bytes, and as
 * UTF-16.
 */
export function countArrival(commandFor: CommandFor, arrival: Arrival): Promise<Counts> {
  const encoding = encodingOf(arrival);
  const encoded = (key: Buffer) => Buffer.from(encoding ? key.toString(encoding) : key);
  const setting: Setting = {
    content: encoded,
    piped: arrival === "descriptor",
    ...(arrival === "environment" || arrival === "scrubbed" ? { variable: VARIABLE } : {}),
    ...(arrival === "prompt" ? { question: QUESTION } : {}),
  };
  return withHolder(commandFor, ["./arrive.ts", arrival], async ({ key, until, goOn }) => {
    const pid = Number(await until("kept"));
    const look = () =>
      placesOf(pid, key) + (encoding ? placesOf(pid, encoded(Buffer.from(key))) : 0);
    const kept = look();
    goOn();
    await until("after");
    return { kept, after: look() };
  }, setting);
}

/**
 * Runs holder.ts and looks at it twice.
 *
 * @param commandFor The command line that runs a script with arguments, on the runtime to look at.
 */
export function count(commandFor: CommandFor, way: Way, use: Use): Promise<Counts> {
  return withHolder(commandFor, ["./holder.ts", way, use], async ({ pid, key, until, goOn }) => {
    const look = async (stage: keyof Counts): Promise<number> => {
      await until(stage);
      const places = placesOf(pid, key);
      goOn();
      return places;
    };
    return { kept: await look("kept"), after: await look("after") };
  });
}

/** Counts by form, before and after a key was given up. */
export interface FormCounts {
  readonly kept: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
}

/** Runs user.ts and looks at it twice, for the key and for what operations make of it on their way. */
export function countOperation(commandFor: CommandFor, operation: Operation): Promise<FormCounts> {
  return withHolder(commandFor, ["./user.ts", operation], async ({ pid, key, until, goOn }) => {
    const nonce = await until("kept");
    const { [MAC]: mac, ...rest } = formsOf(
      key,
      nonce === "" ? undefined : Uint8Array.fromHex(nonce),
    );
    const forms = operation === "hmacSecret" ? { ...rest, [MAC]: mac as Uint8Array } : rest;
    const kept = formsIn(pid, forms);
    goOn();
    await until("after");
    return { kept, after: formsIn(pid, forms) };
  });
}

/** Puts every form into an array of user.ts: each has to be found. */
export function countControl(commandFor: CommandFor): Promise<Readonly<Record<string, number>>> {
  const forms = formsOf(randomBytes(32), randomBytes(24));
  const content = Buffer.concat(Object.values(forms).flatMap((form) => [form, randomBytes(7)]));
  return withHolder(commandFor, ["./user.ts", "control"], async ({ pid, until, goOn }) => {
    await until("kept");
    const counts = formsIn(pid, forms);
    goOn();
    return counts;
  }, { content: () => content });
}

/** All forms together. */
export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, one) => total + one, 0);
}
