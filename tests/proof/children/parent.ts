/**
 * Has children of all kinds: `parent.ts <path of the holder library> <rungs as JSON>`. Prints
 * what they found, as JSON.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import process from "node:process";
import { Secret, type SecretOptions } from "../../../mod.ts";
import { bytesAt } from "../../support/memory.ts";
import { check, loadHolder } from "./holding.ts";

const [library, given] = process.argv.slice(2) as [string, string];
const native = loadHolder(library);
const rungs = JSON.parse(given) as SecretOptions[];
const FOUND = ["zeros", "something", "nothing", "died"];
const fork = (view: Uint8Array) => FOUND[native.holder_fork(view, view.length)];

/** What this process's descriptors are of. */
function descriptors(): string[] {
  return readdirSync("/proc/self/fd").map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).replace(/\d+/g, "");
    } catch {
      return ""; // The one that has just listed them.
    }
  }).filter((target) => target !== "").sort();
}

/**
 * All that a program sees of what it was started with: files, in its descriptors and mappings,
 * and variables.
 */
function started(): { readonly files: string; readonly variables: readonly string[] } {
  const script = "ls -l /proc/self/fd; cat /proc/self/maps; echo; cat /proc/self/environ";
  const { stdout } = spawnSync("sh", ["-c", script], { encoding: "latin1" });
  const [files = "", variables = ""] = stdout.split("\n\n");
  return { files, variables: variables.split("\0").sort() };
}

const place = new BigUint64Array(1);
check(native.holder_shared(new Uint8Array(place.buffer)));
const shared = bytesAt(place[0] as bigint, 32).fill(0xa7);
const control = { found: fork(shared), intact: shared.every((byte) => byte === 0xa7) };

// Whatever the runtime opens to start programs is open from here on.
const startedBefore = started();
const before = descriptors();
/** Deno lists the variables in another order each time. */
const variables = () =>
  Object.entries(process.env).map(([name, value]) => `${name}=${value}`).sort();
const environment = variables();

const forked = rungs.map((options) => {
  const secret = Secret.random(32, options);
  const twin = secret.copy();
  let view: Uint8Array = new Uint8Array();
  const open = secret.withBytes((bytes) => fork(view = bytes));
  const writing = secret.update(fork);
  return { ...options, open, writing, closed: fork(view), intact: secret.equals(twin) };
});

const startedAfter = started();
console.log(JSON.stringify({
  control,
  forked,
  before,
  after: descriptors(),
  started: /secretmem/.test(startedAfter.files),
  startedMaps: /\[stack\]/.test(startedAfter.files),
  // A number alone, since variables can be secrets of whoever runs the tests.
  startedVariables: startedAfter.variables.length,
  sameEnvironment: `${variables()}` === `${environment}` &&
    `${startedAfter.variables}` === `${startedBefore.variables}`,
}));
