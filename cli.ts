#!/usr/bin/env node
/**
 * The command `securememory` of the npm package: `npx @securememory/core doctor`.
 *
 * @module
 */
import { hostProcess } from "./src/native/process.ts";
import { run } from "./src/doctor/run.ts";

const USAGE = `Usage: securememory doctor [options]

  doctor   what this host offers, why something is missing, and what to do about it;
           securememory doctor --help has its options`;

/** What stands behind the name of the program. */
function main([name, ...rest]: readonly string[]): number {
  if (name === "doctor") return run(rest);
  if (name === "--help" || name === "-h") {
    console.log(USAGE);
    return 0;
  }
  const wrong = name === undefined ? "a subcommand is missing" : `there is no subcommand "${name}"`;
  console.error(`securememory: ${wrong}\n\n${USAGE}`);
  return 2;
}

if (import.meta.main) {
  const process = hostProcess();
  if (process !== undefined) process.exitCode = main(process.argv.slice(2));
}
