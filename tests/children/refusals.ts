/**
 * Runs cases of tests/proof/seccomp_test.ts, each in a Worker of its own with a copy of
 * the library of its own. Started with the path of a file that holds them as JSON; prints
 * one line of JSON for each.
 *
 * @module
 */
import { copyFileSync, readFileSync } from "node:fs";
import process from "node:process";
import { withWorker } from "../support/worker.ts";
import type { Case, Observation } from "../workers/refused.ts";

const cases = JSON.parse(readFileSync(process.argv[2] as string, "utf8")) as Case[];
const original = process.argv[3] as string;

for (const one of cases) {
  copyFileSync(original, one.library);
  // Read by the library at its first secret, in the Worker.
  process.env.SECUREMEMORY_LIBRARY = one.library;
  const answer = await withWorker(new URL("../workers/refused.ts", import.meta.url), (worker) => {
    worker.post(one);
    return worker.receive() as Promise<{ observed: Observation } | { thrown: string }>;
  });
  if ("thrown" in answer) throw new Error(answer.thrown);
  console.log(JSON.stringify(answer.observed));
}
