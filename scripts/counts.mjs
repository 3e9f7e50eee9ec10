/**
 * Counting tests: how many passed, failed and were skipped, in all and on each rung of the
 * two ladders, which tests have in their names: `(secretmem, mprotect)`, `(pkey)`, `locked, pkey`;
 * and which failed, for the end of a long output, of which others may keep nothing else.
 */
import { readFileSync } from "node:fs";

const OUTCOMES = ["passed", "failed", "skipped"];
const RUNGS = ["secretmem", "locked", "pkey", "mprotect"];
/** Of what a test said of its failure: enough to know which of its lines it was. */
const SAID = 600;
/** Of all failures: a machine that lacks something fails a thousand tests in one way. */
const SHOWN = 20;

/** Attributes of an element: Node leaves ">" in them as it is. */
const ATTRIBUTES = String.raw`(?:\s+[\w:.-]+="[^"]*")*\s*`;
const CASE = new RegExp(`<testcase${ATTRIBUTES}(?:/>|>[\\s\\S]*?</testcase>)`, "g");
const HEAD = new RegExp(`^<testcase${ATTRIBUTES}/?>`);
const FAILURE = new RegExp(
  `<(?:failure|error)(${ATTRIBUTES})(?:/>|>([\\s\\S]*?)</(?:failure|error)>)`,
);

/** None of anything. */
export function none() {
  return { passed: 0, failed: 0, skipped: 0, rungs: {}, failures: [] };
}

/** The sum of several. */
export function add(...counts) {
  const sum = none();
  for (const count of counts) {
    for (const outcome of OUTCOMES) sum[outcome] += count[outcome] ?? 0;
    sum.failures.push(...(count.failures ?? []));
    for (const [rung, of] of Object.entries(count.rungs ?? {})) {
      const known = sum.rungs[rung] ??= { ran: 0, skipped: 0 };
      known.ran += of.ran;
      known.skipped += of.skipped;
    }
  }
  return sum;
}

/** One failure of something, and what it said. */
export function failure(name, said = "") {
  return { ...none(), failed: 1, failures: [`${name}: ${shortened(said)}`] };
}

function shortened(text) {
  const clean = text.replaceAll(/^\s*\n/gm, "").trim();
  return clean.length <= SAID ? clean : `${clean.slice(0, SAID)} ...`;
}

/** Of the JUnit report of a suite. Deno writes nested tests as cases of their own, too. */
export function countCases(report, { suite, status, signal }) {
  const ended = `it ended with ${signal ?? `status ${status}`}`;
  let text;
  try {
    text = readFileSync(report, "utf8");
  } catch {
    return failure(suite, `${ended}, without a report`);
  }
  const cases = text.match(CASE) ?? [];
  const counts = add(...cases.map((one) => countCase(one, suite)));
  // A run that failed without a failed case (a crash, an error on load) still failed.
  const hidden = status !== 0 && counts.failed === 0;
  return hidden ? add(counts, failure(suite, `${ended}, and no test failed`)) : counts;
}

const MARKS = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function plain(xml) {
  return xml
    .replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name) => MARKS[name]);
}

/** Where a case stands, as its runtime tells it, and what it said of its failure. */
function failureOf(head, text, suite) {
  const named = (name) => plain(new RegExp(`\\b${name}="([^"]*)"`).exec(head)?.[1] ?? "");
  const file = /tests\/\S+$/.exec(named("file") || named("classname"))?.[0];
  const [, attributes, body = ""] = FAILURE.exec(text) ?? [];
  const message = /\bmessage="([^"]*)"/.exec(attributes)?.[1] ?? "";
  return failure(
    [suite, file, named("name")].filter(Boolean).join(" > "),
    plain(message.trim() === "" ? body : message),
  );
}

function countCase(text, suite) {
  const outcome = /<(failure|error)\b/.test(text)
    ? "failed"
    : /<skipped\b/.test(text)
    ? "skipped"
    : "passed";
  const [head] = HEAD.exec(text);
  const named = new Set(
    [...head.matchAll(/(?:\(|\bon )((?:secretmem|locked|pkey|mprotect)(?:, (?:pkey|mprotect))?)/g)]
      .flatMap(([, names]) => names.split(", ")),
  );
  const skipped = outcome === "skipped" ? 1 : 0;
  const rungs = Object.fromEntries(
    [...named].map((rung) => [rung, { ran: 1 - skipped, skipped }]),
  );
  const counts = outcome === "failed" ? failureOf(head, text, suite) : { [outcome]: 1 };
  return { ...none(), ...counts, rungs };
}

/** One line for each rung: how many tests that name it ran, and how many were skipped. */
export function linesOfRungs({ rungs }) {
  return RUNGS.filter((rung) => rungs[rung] !== undefined).map((rung) =>
    `rung ${rung}: ran ${rungs[rung].ran}, skipped ${rungs[rung].skipped}`
  );
}

/** What failed, once more. */
export function linesOfFailures({ failures }) {
  const lines = failures.slice(0, SHOWN).map((line) => `failed: ${line}`);
  const more = failures.length - lines.length;
  return more > 0 ? [...lines, `failed: ${more} others`] : lines;
}
