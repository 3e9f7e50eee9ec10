/**
 * The third process: another program of the same user, which looks at the receiver from
 * outside. It answers each line it gets, a question, with a line of JSON.
 *
 *     observer.ts <pid of the receiver> <path of the key file>
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { type Mapping, mappings, permissionsOf } from "./smaps.ts";
import { type Copies, countCopies, readMemory } from "./search.ts";

/** What can be asked, and the answers. */
export interface Questions {
  /** Notes all mappings, for `find`. Answers with their number. */
  note: number;
  /** How many mappings were closed when noted and are open now. One: that is the page. */
  find: number;
  /** The page as it is now. */
  look: Sight;
  /** Starts to look at the page's permissions again and again. */
  watch: null;
  /** Stops that, and says how often it saw which. */
  watched: Record<string, number>;
  /** How many copies of the key are in the receiver's memory; null if the observer may not look. */
  copies: (Copies & { readonly control: number }) | null;
}

/** The page, as seen from here. */
export interface Sight {
  readonly permissions: string;
  readonly flags: readonly string[];
  /** What reading the page by /proc/<pid>/mem gives: `the key`, `no key`, or the refusal. */
  readonly read: string;
}

const WATCH_INTERVAL_MS = 10;

const [pid, keyFile] = process.argv.slice(2) as [string, string];
const key = readFileSync(keyFile);

let noted = new Map<string, Mapping>();
let page: Mapping | undefined;
let seen: Record<string, number> = {};
let watching: ReturnType<typeof setInterval> | undefined;

const answers: { readonly [Q in keyof Questions]: () => Questions[Q] } = {
  note() {
    noted = new Map(mappings(pid).map((mapping) => [mapping.range, mapping]));
    return noted.size;
  },
  find() {
    // SecureMemory tells nobody where a page is. But a window shows it to whoever may read
    // smaps: it is the locked mapping that was inaccessible and is readable now.
    const opened = mappings(pid).filter(({ range, permissions, flags }) =>
      /^r--/.test(permissions) && flags.includes("lo") &&
      /^---/.test(noted.get(range)?.permissions ?? "")
    );
    page = opened[0];
    return opened.length;
  },
  look() {
    const { range } = thePage();
    const now = mappings(pid).find((mapping) => mapping.range === range);
    return { permissions: now?.permissions ?? "gone", flags: now?.flags ?? [], read: readPage() };
  },
  watch() {
    const mapping = thePage();
    seen = {};
    watching = setInterval(() => {
      const permissions = permissionsOf(pid, mapping);
      seen[permissions] = (seen[permissions] ?? 0) + 1;
    }, WATCH_INTERVAL_MS);
    return null;
  },
  watched() {
    clearInterval(watching);
    return seen;
  },
  copies() {
    if (!mayTrace()) return null;
    const { onPage, elsewhere } = countCopies(pid, mappings(pid), thePage(), key);
    // The same search where it must find something: this process has the key in its heap.
    const self = `${process.pid}`;
    const control = countCopies(self, mappings(self), thePage(), key).elsewhere;
    return { onPage, elsewhere, control };
  },
};

function thePage(): Mapping {
  if (page === undefined) throw new Error("The page was not found yet");
  return page;
}

/** Whether the kernel lets this process read that one's memory at all. */
function mayTrace(): boolean {
  try {
    const readable = mappings(pid).find(({ permissions }) => permissions.startsWith("r-x"));
    return readable !== undefined && readMemory(pid, readable.from, readable.from + 1).length === 1;
  } catch {
    return false;
  }
}

/** Reads the page out of the other process, past its protection if the kernel lets us. */
function readPage(): Sight["read"] {
  const { from, to } = thePage();
  try {
    const bytes = readMemory(pid, from, to);
    const found = bytes.includes(key);
    bytes.fill(0);
    return found ? "the key" : "no key";
  } catch (error) {
    return `refused: ${(error as { code?: string }).code ?? error}`;
  }
}

// The input ends when the receiver does, however it ends; then this process ends too.
for await (const question of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(answers[question as keyof Questions]()));
}
process.exit();
