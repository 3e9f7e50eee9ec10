/**
 * The process that is looked at from outside: `holder.ts <HolderTask as JSON>`.
 *
 * @module
 */
import { writeSync } from "node:fs";
import process from "node:process";
import type { HolderReport, HolderTask } from "../support/plan.ts";
import { barePage, check, inside, keepControl, loadHolder, Plan, takeOnHeap } from "./holding.ts";
import { writeSnapshots } from "./snapshots.ts";

const task = JSON.parse(process.argv[2] as string) as HolderTask;
const native = loadHolder(task.library);
const STDIN = 0;
const STDOUT = 1;

const control = keepControl(native);
const locked = barePage(native, "locked");
if (locked < 0n) throw new Error(`There is no locked page: errno ${-locked}`);
const secretmem = barePage(native, "secretmem");
// Nobody looks for that token then; it only has to be out of the way.
if (secretmem < 0n) takeOnHeap(native);
const plan = new Plan(native, task);

inside(plan.toOpen, () => {
  const report: HolderReport = {
    pages: {
      ...plan.pages,
      "bare locked": [locked.toString(16)],
      "bare secretmem": secretmem < 0n ? [] : [secretmem.toString(16)],
    },
    snapshots: task.snapshots ? writeSnapshots(task.folder) : [],
    hasBareSecretmem: secretmem > 0n,
  };
  writeSync(STDOUT, `${JSON.stringify(report)}\n`);
  if (task.hollow) check(native.holder_hollow());
  check(native.holder_wait(STDIN));
});

// Alive until here.
for (const secret of plan.secrets) secret.close();
if (control.raw === undefined) throw new Error("The control is gone");
