/**
 * The third process: another program of the same user, which looks at the receiver from
 * outside. It answers questions, one line each, with a line of JSON.
 *
 *     observer.ts <pid of the receiver> <path of the key file>
 *
 * @module
 */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { type Mapping, mappings, permissionsOf } from "./smaps.ts";

/** The page, as seen from here. */
export interface Sight extends Mapping {
  /** What reading the page by /proc/<pid>/mem gives: whether the key is in it, or the refusal. */
  readonly read: "the key" | "no key" | string;
}

/** What can be asked, and the answers. */
export interface Questions {
  /** Notes all mappings, for `find`. Answers with their number. */
  note: number;
  /** The mappings that were closed when noted and are readable now. One: that is the page. */
  find: Mapping[];
  /** The page as it is now. */
  look: Sight;
  /** Starts to look at the page's permissions again and again. */
  watch: null;
  /** Stops that, and says how often it saw which. */
  watched: Record<string, number>;
}

const WATCH_INTERVAL_MS = 10;

const [pid, keyFile] = process.argv.slice(2) as [string, string];

let noted = new Map<string, Mapping>();
let page: string | undefined;
let seen: Record<string, number> = {};
let watching: ReturnType<typeof setInterval> | undefined;

const answer: { [Q in keyof Questions]: () => Questions[Q] } = {
  note() {
    noted = new Map(mappings(pid).map((mapping) => [mapping.range, mapping]));
    return noted.size;
  },
  find() {
    // SecureMemory tells nobody where a page is. But a window shows it to whoever may read
    // smaps: it is the locked mapping that was ---p and is r--p now.
    const changed = mappings(pid).filter(({ range, permissions, flags }) =>
      permissions === "r--p" && flags.split(" ").includes("lo") &&
      noted.get(range)?.permissions === "---p"
    );
    if (changed.length === 1) page = changed[0]?.range;
    return changed;
  },
  look() {
    const mapping = thePage();
    return { ...mapping, read: readPage(mapping.range) };
  },
  watch() {
    const { range } = thePage();
    seen = {};
    watching = setInterval(() => {
      const permissions = permissionsOf(pid, range);
      seen[permissions] = (seen[permissions] ?? 0) + 1;
    }, WATCH_INTERVAL_MS);
    return null;
  },
  watched() {
    clearInterval(watching);
    return seen;
  },
};

function thePage(): Mapping {
  const mapping = mappings(pid).find(({ range }) => range === page);
  if (mapping === undefined) throw new Error("The page is not among the receiver's mappings");
  return mapping;
}

/** Reads the page out of the other process, past its protection if the kernel lets us. */
function readPage(range: string): Sight["read"] {
  const [from, to] = range.split("-").map((text) => Number.parseInt(text, 16)) as [number, number];
  const bytes = new Uint8Array(to - from);
  const key = readFileSync(keyFile);
  let file: number | undefined;
  try {
    file = openSync(`/proc/${pid}/mem`, "r");
    readSync(file, bytes, 0, bytes.length, from);
    return contains(bytes, key) ? "the key" : "no key";
  } catch (error) {
    return `refused, ${(error as { code?: string }).code ?? error}`;
  } finally {
    if (file !== undefined) closeSync(file);
    bytes.fill(0);
    key.fill(0);
  }
}

function contains(bytes: Uint8Array, part: Uint8Array): boolean {
  return bytes.some((_, at) => part.every((byte, index) => bytes[at + index] === byte));
}

// The input ends when the receiver does, however it ends; then this process ends too.
for await (const question of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(answer[question as keyof Questions]()));
}
process.exit();
