/**
 * Other processes that write to a closed page.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once as event } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { commandLine, ROOT } from "../support/child.ts";
import { WRITERS } from "./expected.ts";
import { overwrite } from "./support/observer.ts";
import { once } from "./support/once.ts";
import { programs } from "./support/programs.ts";
import { EVERY_RUNG, nameOf, RUNGS, type Rungs } from "../support/rungs.ts";
import { withoutWay } from "./support/tracing.ts";

const WAYS = Object.keys(WRITERS) as (keyof typeof WRITERS)[];

/** What the kernel answered, and whether the secret has changed. */
interface Outcome {
  readonly answer: string;
  readonly changed: boolean;
}

const measure = once(async () => {
  const rungs = RUNGS.map(({ store, gate }) => ({ store, gate }));
  const args = [programs().holder, JSON.stringify(rungs), JSON.stringify(WAYS)];
  const script = join(ROOT, "tests/proof/children/written.ts");
  const [program, ...rest] = commandLine(script, { args });
  const child = spawn(program as string, rest, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = event(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value as string;
  const addresses = JSON.parse(await next()) as string[][];
  child.stdin.write(new Uint8Array(64)); // What the child waits with on its stack and in registers.
  assert.equal(await next(), "waiting");
  const answers = WAYS.map((way, index) =>
    overwrite(
      way,
      child.pid as number,
      addresses.map((row) => BigInt(`0x${row[index]}`)),
    )
  );
  child.stdin.write("!");
  const changed = JSON.parse(await next()) as boolean[][];
  await ended;
  return (rung: number, way: number): Outcome => ({
    answer: answers[way]?.[rung] as string,
    changed: changed[rung]?.[way] as boolean,
  });
});

const placeOf = (rung: Rungs) => RUNGS.map(nameOf).indexOf(nameOf(rung));

for (const [index, way] of WAYS.entries()) {
  describe(`writing by ${WRITERS[way].title}`, () => {
    const skip = withoutWay(way);
    for (const rung of EVERY_RUNG) {
      it(`does what is expected on ${rung.store}, ${rung.gate}`, {
        skip: skip || rung.skip,
      }, async () => {
        const wanted = WRITERS[way].outcomes[rung.store];
        const found = (await measure())(placeOf(rung), index);
        const changed = wanted === "changed";
        assert.deepEqual(found, { answer: changed ? "" : wanted, changed });
      });
    }
  });
}
