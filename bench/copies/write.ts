/**
 * Writes the tables of docs/faq.md and README.md from docs/copies.json; with commands of runtimes as its
 * arguments (JSON), counts first and writes that file.
 *
 *     write.ts ['{"bun": ["bun"], "deno": ["deno", "run", "-A"], "node": ["node"]}']
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Arrival, ARRIVALS } from "./arrivals.ts";
import { count, countArrival, countOperation, sum } from "./count.ts";
import { type Operation, OPERATIONS } from "./operations.ts";
import { summary, withTables } from "./table.ts";
import { type Copies, type Counts, type Use, USES, type Way, WAYS } from "./ways.ts";

const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const FILE = path("docs/copies.json");

async function countAll(command: readonly string[]): Promise<Record<Use, Record<Way, Counts>>> {
  const counts = { compare: {}, hmac: {} } as Record<Use, Record<Way, Counts>>;
  for (const use of Object.keys(USES) as Use[]) {
    for (const way of Object.keys(WAYS) as Way[]) {
      counts[use][way] = await count((...args) => [...command, ...args], way, use);
      console.error(`${command[0]}, ${way}, ${use}: ${JSON.stringify(counts[use][way])}`);
    }
  }
  return counts;
}

async function countCame(command: readonly string[]): Promise<Record<Arrival, Counts>> {
  const counts = {} as Record<Arrival, Counts>;
  for (const arrival of Object.keys(ARRIVALS) as Arrival[]) {
    counts[arrival] = await countArrival((...args) => [...command, ...args], arrival);
    console.error(`${command[0]}, ${arrival}: ${JSON.stringify(counts[arrival])}`);
  }
  return counts;
}

async function countUsed(command: readonly string[]): Promise<Record<Operation, Counts>> {
  const counts = {} as Record<Operation, Counts>;
  for (const operation of Object.keys(OPERATIONS) as Operation[]) {
    const { kept, after } = await countOperation((...args) => [...command, ...args], operation);
    counts[operation] = { kept: sum(kept), after: sum(after) };
    console.error(`${command[0]}, ${operation}: ${JSON.stringify(counts[operation])}`);
  }
  return counts;
}

async function take(commands: Readonly<Record<string, readonly string[]>>): Promise<void> {
  const runtimes: Record<
    string,
    { version: string; counts: unknown; came: unknown; used: unknown }
  > = {};
  for (const [name, command] of Object.entries(commands)) {
    const said = execFileSync(command[0] as string, ["--version"], { encoding: "utf8" });
    const version = /\d+\.\d+\.\d+/.exec(said)?.[0] ?? said.trim();
    runtimes[name] = {
      version,
      counts: await countAll(command),
      came: await countCame(command),
      used: await countUsed(command),
    };
  }
  const kernel = /^\d+\.\d+/.exec(release())?.[0] ?? release();
  const date = new Date().toISOString().slice(0, 10);
  const copies = { date, system: `Linux ${kernel} ${process.arch}`, runtimes };
  writeFileSync(FILE, `${JSON.stringify(copies, null, 2)}\n`);
}

const [commands] = process.argv.slice(2);
if (commands !== undefined) await take(JSON.parse(commands));
const copies = JSON.parse(readFileSync(FILE, "utf8")) as Copies;
for (const [document, write] of [["docs/faq.md", undefined], ["README.md", summary]] as const) {
  const file = path(document);
  writeFileSync(file, withTables(readFileSync(file, "utf8"), copies, write));
}
