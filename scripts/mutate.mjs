/**
 * Puts every line that carries a claim out of action, one at a time, in a copy of the
 * checkout, and reports which test caught it. What no test catches survives.
 *
 *     npm run test:mutation                 every mutant that has no result yet
 *     npm run test:mutation -- --list       what there is to mutate; runs nothing
 *     npm run test:mutation -- --only wipe  those whose kind, file or line has the pattern
 *     npm run test:mutation -- --shard 1/2  every second one; shards share their results
 *     npm run test:mutation -- --report     the table of what is known; runs nothing
 *     npm run test:mutation -- --fresh      forgets all results first
 *     npm run test:mutation -- --quick      the tests that catch most; for a first look
 *     npm run test:mutation -- --everywhere  what survives on Bun has to survive Node and Deno
 *
 * Which lines: mutation/claims.mjs. Which of them change nothing that a test could see,
 * and why: mutation/equivalent.mjs. Results stay below bench/results; one counts as long
 * as the code is the same, and one of a survivor as long as the tests are, too.
 *
 * Fails if a mutant survives, or if a line was called equivalent that is not there or was caught.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { ROOT } from "./toolchain.mjs";
import { hashOf, makeCopy, sourceFiles } from "./mutation/copy.mjs";
import { listMutants } from "./mutation/mutants.mjs";
import { report } from "./mutation/report.mjs";
import { build, DEPTHS, requireRungs, stagesFor } from "./mutation/stages.mjs";

const { values: options } = parseArgs({
  options: {
    list: { type: "boolean" },
    report: { type: "boolean" },
    fresh: { type: "boolean" },
    quick: { type: "boolean" },
    everywhere: { type: "boolean" },
    only: { type: "string" },
    shard: { type: "string", default: "1/1" },
  },
});

const depth = options.everywhere ? "everywhere" : options.quick ? "quick" : "usual";

const RESULTS = `${ROOT}bench/results/mutation.jsonl`;
const files = sourceFiles();
const isTest = (path) => /^tests\/|_test\.zig$|^zig\/tests\.zig$/.test(path);
const code = files.filter((path) =>
  /^(?:zig|src)\/|^build\.zig$|^mod\.ts$/.test(path) && !isTest(path)
);
const hashes = { code: hashOf(code), tests: hashOf(files.filter(isTest)) };

const pattern = new RegExp(options.only ?? "", "i");
const known = listMutants(ROOT, code);
const mutants = known.filter(({ what, file, line, part }) =>
  pattern.test(`${what} ${file}:${line} ${part}`)
);

const [shard, shards] = options.shard.split("/").map(Number);
if (!(shard >= 1 && shard <= shards)) {
  console.error(`mutate: --shard is i/n with i from 1 to n, current value is "${options.shard}"`);
  process.exit(2);
}

/** The newest result of each mutant that still holds. */
function results() {
  const found = new Map();
  if (!existsSync(RESULTS)) return found;
  for (const line of readFileSync(RESULTS, "utf8").trim().split("\n")) {
    const one = JSON.parse(line);
    if (one.code !== hashes.code) continue;
    const survived = one.outcome === "survived";
    const deepEnough = DEPTHS.indexOf(one.depth) >= DEPTHS.indexOf(depth);
    if (survived && (one.tests !== hashes.tests || !deepEnough)) continue;
    found.set(one.id, one);
  }
  return found;
}

/** The code as the copy has it, mutated or not. */
async function put(root, mutant, text) {
  writeFileSync(join(root, mutant.file), text);
  return mutant.file.endsWith(".zig") ? await build(root) : undefined;
}

const verified = new Set();

/** Every test has to pass where nothing is mutated, or its failing says nothing. */
async function verify(root, stage) {
  if (verified.has(stage)) return;
  const { caught, text = "" } = await stage.run(root);
  if (caught !== undefined) {
    throw new Error(`Without a mutation, this fails: ${caught}\n${text.slice(-3000)}`);
  }
  console.error(`mutate: without a mutation, ${stage.name} passes`);
  verified.add(stage);
}

async function judge(root, mutant) {
  const original = readFileSync(join(root, mutant.file), "utf8");
  const accidents = [];
  try {
    for (const stage of stagesFor(mutant.file, depth)) {
      if (!verified.has(stage)) {
        await put(root, mutant, original);
        await verify(root, stage);
      }
      const wrong = await put(root, mutant, mutant.mutated);
      if (wrong !== undefined) return { outcome: "does not compile", by: wrong };
      const { caught, broken, accident } = await stage.run(root);
      if (caught !== undefined) return { outcome: "caught", by: caught, accidents };
      if (broken !== undefined) return { outcome: "does not compile", by: broken };
      if (accident !== undefined) accidents.push(accident);
    }
    return { outcome: "survived", by: "", accidents };
  } finally {
    await put(root, mutant, original);
  }
}

if (options.list) {
  for (const { what, file, line, part } of mutants) {
    console.log(`${what}  ${file}:${line}  ${part}`);
  }
  console.log(`\n${mutants.length} mutants`);
  process.exit(0);
}

mkdirSync(`${ROOT}bench/results`, { recursive: true });
if (options.fresh) rmSync(RESULTS, { force: true });
const before = results();
const todo = mutants.filter(({ id }, index) => index % shards === shard - 1 && !before.has(id));
if (!options.report && todo.length > 0) {
  const started = Date.now();
  const root = makeCopy();
  const wrong = await build(root);
  if (wrong !== undefined) throw new Error(`The code does not compile: ${wrong}`);
  await requireRungs(root);
  for (const [index, mutant] of todo.entries()) {
    // What the compiler keeps of every mutant would fill the disk.
    if (index % 50 === 49) rmSync(join(root, ".zig-cache"), { recursive: true, force: true });
    const at = Date.now();
    const result = await judge(root, mutant);
    const seconds = Math.round((Date.now() - at) / 100) / 10;
    const { id, what, file, line, part } = mutant;
    appendFileSync(
      RESULTS,
      `${JSON.stringify({ id, ...hashes, depth, ...result, seconds })}\n`,
    );
    console.error(
      `${index + 1}/${todo.length} ${seconds} s  ${what}  ${file}:${line}  ${part.slice(0, 80)}\n` +
        `      ${result.outcome}${result.by === "" ? "" : `, ${result.by.split("\n")[0]}`}`,
    );
  }
  const minutes = Math.round((Date.now() - started) / 6000) / 10;
  console.error(`mutate: ${todo.length} mutants in ${minutes} minutes`);
}

const { text, good } = report(mutants, results(), known);
writeFileSync(`${ROOT}bench/results/mutation.md`, text);
console.log(text);
process.exit(good ? 0 : 1);
