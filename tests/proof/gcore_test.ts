/**
 * gcore(1), GDB's own core dumps of a running process: as it is, and with `-a`, which takes
 * what is marked as not to be dumped as well.
 *
 * @module
 */
import { describe } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { unless } from "../support/skip.ts";
import { READERS } from "./expected.ts";
import { itIsACoreDump } from "./support/core_reader.ts";
import { type Holder, withHolder } from "./support/holder.ts";
import { type Answer, observeFile } from "./support/observer.ts";
import { once } from "./support/once.ts";
import { withoutWay } from "./support/tracing.ts";

const withoutGcore = withoutWay("ptrace") || unless(
  "gcore",
  ["gdb", "gcore"].every((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0),
  "gcore is missing: it comes with GDB",
);

function dump({ pid, folder, tokens }: Holder, ...flags: string[]): Answer {
  const prefix = join(folder, "gcore");
  const { status, stderr } = spawnSync("gcore", [...flags, "-o", prefix, `${pid}`], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return observeFile(`${prefix}.${pid}`, tokens);
}

const measured = once(() =>
  withHolder({ hollow: true }, (holder) => ({
    gcore: dump(holder),
    gcoreAll: dump(holder, "-a"),
  }))
);

for (const reader of ["gcore", "gcoreAll"] as const) {
  describe(READERS[reader].title, () => {
    itIsACoreDump(reader, withoutGcore, async () => (await measured())[reader]);
  });
}
