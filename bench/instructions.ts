/**
 * Instructions instead of nanoseconds, where no hardware with protection keys is at hand:
 *
 *     node scripts/emulated.mjs --icount -- bun bench/instructions.ts
 *
 * In a machine that is started so, a nanosecond is one instruction, the kernel's included,
 * so that what is printed does not depend on what else runs here. It is no time: an
 * instruction that a processor takes long for (WRPKRU, a system call's entry, what a flush
 * of the TLB costs later) counts as one.
 *
 * @module
 */
import { windowSubjects } from "./operations.ts";
import { rungSubjects, skippedRungs } from "./rungs.ts";
import { runtime } from "./report.ts";
import { sample } from "./sample.ts";

/** Enough for the compilers of the three runtimes to be done. */
const BUDGET_MS = 400;
const WANTED = ["floor", "nested window"];

const subjects = [
  ...windowSubjects(32).filter(({ name }) => WANTED.includes(name)),
  ...rungSubjects(),
];
const { name, version } = runtime();
console.log(`${name} ${version}: instructions, and how many times those of the reference`);
for (const subject of subjects) {
  const { p50, ratios } = await sample(subject, BUDGET_MS);
  const beside = Object.entries(ratios).map(([one, ratio]) => `${ratio.toFixed(3)} x ${one}`);
  console.log([subject.name, Math.round(p50), ...beside].join(", "));
}
for (const { what, why } of skippedRungs()) console.log(`skipped: ${what}: ${why}`);
