/**
 * The process that is looked at from outside: `holder.ts <HolderTask as JSON>`.
 *
 * @module
 */
import { writeSync } from "node:fs";
import process from "node:process";
import type { HolderReport, HolderTask } from "../support/plan.ts";
import {
  BARE,
  barePage,
  check,
  inside,
  keepControl,
  loadHolder,
  Plan,
  rest,
  use,
} from "./holding.ts";
import { writeSnapshots } from "./snapshots.ts";

const task = JSON.parse(process.argv[2] as string) as HolderTask;
const native = loadHolder(task.library);
const STDIN = 0;
const STDOUT = 1;

const control = keepControl(native);
const bare = BARE.map((kind) => [`bare ${kind}`, barePage(native, kind)] as const)
  .filter(([, address]) => address > 0n)
  .map(([name, address]) => [name, [address.toString(16)]]);
const plan = new Plan(native, task);

await rest();

inside(plan.toOpen, () => {
  for (const secret of plan.toUse) use(secret);
  const report: HolderReport = {
    pages: { ...plan.pages, ...Object.fromEntries(bare) },
    snapshots: task.snapshots ? writeSnapshots(task.folder) : [],
  };
  writeSync(STDOUT, `${JSON.stringify(report)}\n`);
  if (task.hollow) check(native.holder_hollow());
  check(native.holder_wait(STDIN));
});

// Alive until here.
for (const secret of plan.secrets) secret.close();
if (control.raw === undefined) throw new Error("The control is gone");
