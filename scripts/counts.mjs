/**
 * Counting tests: how many passed, failed and were skipped, in all and on each rung of the
 * two ladders, which tests have in their names: `(secretmem, mprotect)`, `(pkey)`, `locked, pkey`.
 */
import { readFileSync } from "node:fs";

const OUTCOMES = ["passed", "failed", "skipped"];
const RUNGS = ["secretmem", "locked", "pkey", "mprotect"];

/** None of anything. */
export function none() {
  return { passed: 0, failed: 0, skipped: 0, rungs: {} };
}

/** The sum of several. */
export function add(...counts) {
  const sum = none();
  for (const count of counts) {
    for (const outcome of OUTCOMES) sum[outcome] += count[outcome] ?? 0;
    for (const [rung, of] of Object.entries(count.rungs ?? {})) {
      const known = sum.rungs[rung] ??= { ran: 0, skipped: 0 };
      known.ran += of.ran;
      known.skipped += of.skipped;
    }
  }
  return sum;
}

/** Of a JUnit report. Deno writes nested tests as cases of their own, too. */
export function countCases(report, status) {
  let text;
  try {
    text = readFileSync(report, "utf8");
  } catch {
    return { ...none(), failed: 1 };
  }
  const cases = text.match(/<testcase\b[^>]*?(\/>|>[\s\S]*?<\/testcase>)/g) ?? [];
  const counts = add(...cases.map(countCase));
  // A run that failed without a failed case (a crash, an error on load) still failed.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

function countCase(text) {
  const outcome = /<(failure|error)\b/.test(text)
    ? "failed"
    : /<skipped\b/.test(text)
    ? "skipped"
    : "passed";
  const [head] = /^<testcase\b[^>]*>/.exec(text);
  const named = new Set(
    [...head.matchAll(/(?:\(|\bon )((?:secretmem|locked|pkey|mprotect)(?:, (?:pkey|mprotect))?)/g)]
      .flatMap(([, names]) => names.split(", ")),
  );
  const skipped = outcome === "skipped" ? 1 : 0;
  const rungs = Object.fromEntries(
    [...named].map((rung) => [rung, { ran: 1 - skipped, skipped }]),
  );
  return { ...none(), [outcome]: 1, rungs };
}

/** One line for each rung: how many tests that name it ran, and how many were skipped. */
export function linesOfRungs({ rungs }) {
  return RUNGS.filter((rung) => rungs[rung] !== undefined).map((rung) =>
    `rung ${rung}: ran ${rungs[rung].ran}, skipped ${rungs[rung].skipped}`
  );
}
