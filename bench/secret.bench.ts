/**
 * Measures the library on the runtime that runs this, and writes one report:
 *
 *     node bench/secret.bench.ts [--quick] [--output=bench/results/node.json]
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { Deno } from "./deno.ts";
import { firstSecretRows } from "./first_secret.ts";
import { keyedSubjects } from "./keyed.ts";
import { manyRows } from "./many.ts";
import { memoryRows } from "./memory.ts";
import { LENGTHS, lifeSubjects, windowSubjects } from "./operations.ts";
import { startPeers } from "./peers.ts";
import { poolSubjects } from "./pools.ts";
import { quarantineSubjects } from "./quarantine.ts";
import { bareSubject, loadedSubject, rungSubjects, skippedRungs } from "./rungs.ts";
import { machine, type Report, type Row, runtime, type Skipped } from "./report.ts";
import { sample, type Subject } from "./sample.ts";
import { workerRows } from "./workers.ts";

const quick = Deno.args.includes("--quick");
const amount = quick
  ? { sampleMs: 100, pairs: 2, many: 5, workers: { rounds: 1000, batches: 5 } }
  : { sampleMs: 1000, pairs: 9, many: 200, workers: { rounds: 4000, batches: 25 } };

async function measureAll(): Promise<{ rows: Row[]; skipped: readonly Skipped[] }> {
  // Before anything else has filled a page.
  const rows = memoryRows();
  rows.push(await sample(bareSubject(), amount.sampleMs));
  rows.push(await sample(loadedSubject(), amount.sampleMs));
  const peers = startPeers();
  const subjects: Subject[] = [
    ...LENGTHS.flatMap(windowSubjects),
    ...LENGTHS.flatMap(lifeSubjects),
    ...quarantineSubjects(32),
    ...rungSubjects(),
    ...keyedSubjects(),
    ...poolSubjects(),
    ...peers.subjects,
  ];
  for (const subject of subjects) {
    const beside = subject.bytes === 32 ? peers.beside(subject.name) : {};
    const references = { ...subject.references, ...beside };
    rows.push(await sample({ ...subject, references }, amount.sampleMs));
  }
  peers.end();
  rows.push(...await workerRows(amount.workers), ...await firstSecretRows(amount.pairs));
  rows.push(...await manyRows(amount.many, quick));
  return { rows, skipped: [...peers.skipped, ...skippedRungs()] };
}

const { name, version } = runtime();
const report: Report = {
  subject: name,
  version,
  date: new Date().toISOString(),
  quick,
  machine: machine(),
  ...await measureAll(),
};
const results = fileURLToPath(new URL("./results/", import.meta.url));
const option = Deno.args.find((argument) => argument.startsWith("--output="));
Deno.mkdirSync(results, { recursive: true });
Deno.writeTextFileSync(
  option?.slice("--output=".length) ?? `${results}${name}.json`,
  `${JSON.stringify(report, undefined, 2)}\n`,
);
Deno.exit(0);
