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
import { memoryRows } from "./memory.ts";
import { LENGTHS, lifeSubjects, windowSubjects } from "./operations.ts";
import { machine, type Report, type Row, runtime, type Skipped } from "./report.ts";
import { sample } from "./sample.ts";
import { loadSodium, sodiumSubjects } from "./sodium.ts";
import { workerRows } from "./workers.ts";

const quick = Deno.args.includes("--quick");
const amount = quick
  ? { sampleMs: 100, pairs: 2, workers: { rounds: 1000, batches: 5 } }
  : { sampleMs: 1000, pairs: 9, workers: { rounds: 10_000, batches: 25 } };

async function measureAll(): Promise<{ rows: Row[]; skipped: Skipped[] }> {
  const sodium = loadSodium();
  const peer = "why" in sodium ? undefined : sodium;
  const skipped = "why" in sodium ? [{ what: "sodium-native", why: sodium.why }] : [];
  // Before anything else has filled a page.
  const rows: Row[] = memoryRows();
  const subjects = [
    ...LENGTHS.flatMap((bytes) => windowSubjects(bytes, peer)),
    ...LENGTHS.flatMap((bytes) => lifeSubjects(bytes, peer)),
    ...(peer === undefined ? [] : sodiumSubjects(peer)),
  ];
  for (const subject of subjects) rows.push(await sample(subject, amount.sampleMs));
  rows.push(...await workerRows(amount.workers), ...await firstSecretRows(amount.pairs));
  return { rows, skipped };
}

const { name, version } = runtime();
const before = machine();
const report: Report = {
  subject: name,
  version,
  date: new Date().toISOString(),
  quick,
  machine: before,
  ...await measureAll(),
};
const option = Deno.args.find((argument) => argument.startsWith("--output="));
const output = option?.slice("--output=".length) ??
  fileURLToPath(new URL(`./results/${name}.json`, import.meta.url));
Deno.mkdirSync(fileURLToPath(new URL("./results", import.meta.url)), { recursive: true });
Deno.writeTextFileSync(output, `${JSON.stringify(report, undefined, 2)}\n`);
Deno.exit(0);
