/**
 * Asks the observer, a second process, what it finds.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { constants } from "node:os";
import { type Form, FORMS, patternsOf } from "./forms.ts";
import { programs } from "./programs.ts";

/** Ways of reading another process's memory. */
export type Way = "mem" | "vm" | "ptrace";

/** Addresses, by the name of the token that is there. */
export type Pages = ReadonlyMap<string, readonly bigint[]>;

/** What is asked. */
export interface Question {
  /** Tokens to look for, by name. */
  readonly tokens: ReadonlyMap<string, Uint8Array>;
  /** Addresses whose pages are to be read by themselves, by the name of what is there. */
  readonly pages?: Pages;
}

/** What was found of one token. */
export interface Found {
  /** How many copies there are in each form: as many as there are of its most frequent piece. */
  readonly copies: Readonly<Record<Form, number>>;
  /** Addresses of pages in which a form was found. */
  readonly pages: readonly bigint[];
  /** What the kernel answered for its own pages: "", or the name of an errno. */
  readonly errnos: readonly string[];
}

/** What the observer says. */
export interface Answer {
  /** How many bytes it could read. */
  readonly bytes: number;
  readonly tokens: ReadonlyMap<string, Found>;
}

const PAGE_BYTES = 4096n;

/** Looks for tokens in the memory of a process: by ptrace in the given pages, else everywhere. */
export function observe(way: Way, pid: number, question: Question): Answer {
  return ask([way, `${pid}`], question);
}

/** Looks for tokens in a file. */
export function observeFile(path: string, tokens: ReadonlyMap<string, Uint8Array>): Answer {
  return ask(["file", path], { tokens });
}

/** Writes into pages of a process. "" for each where that was done, else the name of the errno. */
export function overwrite(way: Way, pid: number, pages: readonly bigint[]): readonly string[] {
  const said = run([way, `${pid}`, "write"], pages.map(pageLine));
  return said.page.map((errno) => errnoName(Number(errno)));
}

function ask(args: readonly string[], { tokens, pages = new Map() }: Question): Answer {
  const patterns = [...tokens].flatMap(([name, token]) =>
    patternsOf(token).map((pattern) => ({ name, ...pattern }))
  );
  const places = [...pages].flatMap(([name, found]) => found.map((place) => ({ name, place })));
  const said = run(args, [
    ...places.map(({ place }) => pageLine(place)),
    ...patterns.map(({ bytes }) => `pattern ${Buffer.from(bytes).toString("hex")}\n`),
  ]);
  const counted = patterns.map(({ name, form }, index): Counted => {
    const [times, place] = (said.found[index] as string).split(" ") as [string, string];
    return { name, form, times: Number(times), page: BigInt(`0x${place}`) & -PAGE_BYTES };
  });
  return {
    bytes: Number(said.bytes[0]),
    tokens: new Map([...tokens.keys()].map((name) => {
      const errnos = said.page.filter((_, index) => places[index]?.name === name)
        .map((errno) => errnoName(Number(errno)));
      return [name, { ...summary(counted.filter((one) => one.name === name)), errnos }];
    })),
  };
}

/** What the observer says, by the first word of its lines. */
function run(args: readonly string[], input: readonly string[]) {
  const { status, signal, stdout, stderr } = spawnSync(programs().observer, args, {
    input: input.join(""),
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (status !== 0) {
    throw new Error(`The observer failed at "${args[0]}" (${status ?? signal}): ${stderr}`);
  }
  const lines = stdout.split("\n");
  const said = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  return { page: said("page"), bytes: said("bytes"), found: said("found") };
}

function pageLine(address: bigint): string {
  return `page ${address.toString(16)}\n`;
}

interface Counted {
  readonly name: string;
  readonly form: Form;
  readonly times: number;
  readonly page: bigint;
}

function summary(patterns: readonly Counted[]): Pick<Found, "copies" | "pages"> {
  const most = (form: Form) =>
    Math.max(...patterns.filter((pattern) => pattern.form === form).map(({ times }) => times));
  return {
    copies: Object.fromEntries(FORMS.map((form) => [form, most(form)])) as Record<Form, number>,
    pages: [...new Set(patterns.filter(({ times }) => times > 0).map(({ page }) => page))],
  };
}

function errnoName(errno: number): string {
  if (errno === 0) return "";
  const named = Object.entries(constants.errno).find(([, value]) => value === errno);
  return named?.[0] ?? `errno ${errno}`;
}
