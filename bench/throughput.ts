/**
 * Throughput of windows with 1, 2, 4 and 8 Workers, by itself:
 *
 *     node scripts/emulated.mjs -- bun bench/throughput.ts    with protection keys
 *
 * What counts is the ratio: 4 Workers on 2 processors open at least 1.6 times as many windows as
 * one where no system call is made for them. `--strict` makes less than that a failure.
 *
 * @module
 */
import process from "node:process";
import { capabilities, Secret } from "../mod.ts";
import { type Amount, nameOf, ONE, SIZES, workerRows } from "./workers.ts";
import { KINDS } from "./worker_kinds.ts";

/** On two processors, with keys. */
const WANTED = 1.6;
/** An emulated machine takes twenty times as long, and two hundred for bare calls. */
const AMOUNT: Amount = process.argv.includes("--brief")
  ? { rounds: 4000, batches: 7, kinds: ["own", "shared"] }
  : { rounds: 10_000, batches: 9 };
const kinds = AMOUNT.kinds ?? KINDS;

using secret = Secret.random(32);
const rows = await workerRows(AMOUNT);
const { gate } = secret.status();
console.log(`gate ${gate}${gate === "pkey" ? "" : `: ${capabilities().gates.pkey.reason}`}`);
console.log(["Workers", ...kinds].join("\t"));
for (const size of SIZES) {
  const cells = kinds.map((kind) => {
    const row = rows.find(({ name }) => name === nameOf(kind, size));
    const more = row?.ratios[ONE];
    return `${row?.p50.toFixed(0)} ns${more === undefined ? "" : ` (${(1 / more).toFixed(2)}x)`}`;
  });
  console.log([size, ...cells].join("\t"));
}
const reached = 1 / (rows.find(({ name }) => name === nameOf("own", 4))?.ratios[ONE] ?? Infinity);
const verdict = reached >= WANTED ? "reached" : "missed";
console.log(`4 Workers to 1, own secrets: ${reached.toFixed(2)}, wanted ${WANTED}: ${verdict}`);
process.exit(process.argv.includes("--strict") && reached < WANTED ? 1 : 0);
