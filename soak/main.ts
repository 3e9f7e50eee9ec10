/**
 * Several Workers create, open, seal, share and close secrets at random while system calls fail
 * now and then: `npm run soak`, see scripts/soak.mjs.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { readOptions } from "./options.ts";
import { plot } from "./plot.ts";
import { reportOf, textOf } from "./report.ts";
import { soak } from "./run.ts";

const options = readOptions(process.argv.slice(2));
const report = reportOf(options, await soak(options));
mkdirSync(options.output, { recursive: true });
writeFileSync(join(options.output, "soak.json"), `${JSON.stringify(report)}\n`);
writeFileSync(join(options.output, "soak.svg"), plot(report));
console.log(textOf(report));
// Timers of the library may be waiting: nothing is left that they could do.
process.exit(report.problems.length === 0 ? 0 : 1);
