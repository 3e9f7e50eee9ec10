/**
 * Keyed operations alone, as a table; what `npm run bench` has of them among the rest:
 *
 *     bun bench/keyed.bench.ts [--quick]
 *
 * @module
 */
import { Deno } from "./deno.ts";
import { keyedSubjects } from "./keyed.ts";
import { runtime } from "./report.ts";
import { sample } from "./sample.ts";

const { name, version } = runtime();
const milliseconds = Deno.args.includes("--quick") ? 100 : 1000;
console.log(`${name} ${version}`);
for (const subject of keyedSubjects()) {
  const { p50, ratios } = await sample(subject, milliseconds);
  const beside = Object.entries(ratios).map(([other, ratio]) => `${ratio.toFixed(2)}x ${other}`);
  console.log(`${subject.name}: ${p50.toFixed(0)} ns (${beside.join(", ")})`);
}
Deno.exit(0);
