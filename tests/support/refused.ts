/**
 * Runs cases of workers/refused.ts in children.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { library } from "../../src/native/library.ts";
import type { Case as WholeCase, Observation } from "../workers/refused.ts";
import { runScript } from "./child.ts";
import { hasKeys, lockableBytes } from "./host.ts";
import { buildNative } from "./native.ts";

/** A case without what the child gives it. */
export type Case = Omit<WholeCase, "library" | "filter">;

/** Each library locks memory, and takes what protection keys it finds: both are scarce. */
const scarce = lockableBytes() < 16 << 20 || hasKeys();
const CASES_OF_A_CHILD = scarce ? 2 : 6;

/** Runs cases; what they share is gone after `end`. */
export interface Observer {
  /** Runs cases in children that have to end well. */
  observe(cases: readonly Case[]): Promise<Observation[]>;
  end(): void;
}

/** Builds what the children need. */
export function observer(): Observer {
  const folder = mkdtempSync(join(tmpdir(), "securememory-test-"));
  const filter = buildNative("seccomp", folder);
  let copies = 0;

  async function inOneChild(cases: readonly Case[]): Promise<Observation[]> {
    const file = join(folder, `cases${copies}.json`);
    const whole = cases.map((one): WholeCase => ({
      ...one,
      filter,
      library: join(folder, `copy${copies++}.so`),
    }));
    writeFileSync(file, JSON.stringify(whole));
    const outcome = await runScript("tests/children/refusals.ts", {
      args: [file, library().path],
      // Each case loads the same modules anew: Node takes off their types only once then.
      env: { NODE_COMPILE_CACHE: join(folder, "cache") },
    });
    const { status, signal, stdout, stderr } = outcome;
    const lines = stdout.trimEnd().split("\n");
    const after = `after ${lines.length} cases: ${stderr}`;
    assert.deepEqual({ status, signal }, { status: 0, signal: null }, after);
    assert.equal(lines.length, cases.length);
    return lines.map((line) => JSON.parse(line) as Observation);
  }

  return {
    async observe(cases: readonly Case[]): Promise<Observation[]> {
      const groups = Array.from(
        { length: Math.ceil(cases.length / CASES_OF_A_CHILD) },
        (_, index) => cases.slice(index * CASES_OF_A_CHILD, (index + 1) * CASES_OF_A_CHILD),
      );
      const observed: Observation[] = [];
      for (let first = 0; first < groups.length; first += 2) {
        const two = await Promise.all(groups.slice(first, first + 2).map(inOneChild));
        observed.push(...two.flat());
      }
      return observed;
    },
    end: () => rmSync(folder, { recursive: true }),
  };
}
