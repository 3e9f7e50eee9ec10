import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runFile } from "./support/child.ts";
import { withFolder } from "./support/native.ts";
import { moduleUrl, notOnLinux } from "./support/report.ts";

/** What is looked at, at three times: before the import, after it, after the first secret. */
interface Moment {
  /** Mapped files with our library's name. */
  readonly libraries: number;
  readonly vmLck: string;
  /** Which signals are caught, ignored and blocked: masks of /proc/self/status. */
  readonly signals: readonly string[];
  readonly limits: string;
  /** Names of globals, and how many listeners `process` has. */
  readonly globals: readonly string[];
  readonly listeners: number;
}

const CHILD = `
import { readFileSync } from "node:fs";
import process from "node:process";
const status = (name) =>
  readFileSync("/proc/self/status", "utf8").split("\\n").find((line) => line.startsWith(name + ":"));
const look = () => ({
  libraries: readFileSync("/proc/self/maps", "utf8").split("\\n")
    .filter((line) => line.includes("securememory.so")).length,
  vmLck: status("VmLck"),
  signals: ["SigCgt", "SigIgn", "SigBlk"].map(status),
  limits: readFileSync("/proc/self/limits", "utf8"),
  globals: Object.getOwnPropertyNames(globalThis).sort(),
  listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
});
look();
const before = look();
const { configure, Secret } = await import(${moduleUrl("mod.ts")});
const imported = look();
configure({ diagnostics: process.env.DIAGNOSTICS !== "off" });
const secret = Secret.random(32);
secret.withBytes((bytes) => bytes[0]);
const used = look();
console.log(JSON.stringify({ before, imported, used }));
`;

interface Moments {
  readonly before: Moment;
  readonly imported: Moment;
  readonly used: Moment;
}

async function moments(diagnostics = "on"): Promise<Moments> {
  return await withFolder(async (folder) => {
    const path = join(folder, "child.mjs");
    writeFileSync(path, CHILD);
    const { status, stdout, stderr } = await runFile(path, { env: { DIAGNOSTICS: diagnostics } });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  });
}

test("importing the module loads no library, locks nothing and changes nothing in the process", {
  skip: notOnLinux,
}, async () => {
  const { before, imported } = await moments();
  assert.equal(before.libraries, 0);
  assert.match(before.vmLck, /\b0 kB$/);
  assert.deepEqual(imported, before);
});

/** SIGBUS and SIGSEGV, as bits of a mask of /proc/self/status. */
const FAULTS = 1n << 6n | 1n << 10n;

test("the first secret installs a handler of faults, and no other", {
  skip: notOnLinux,
}, async () => {
  const { before, used } = await moments();
  const mask = ({ signals }: Moment) => signals.map((line) => BigInt(`0x${line.split("\t")[1]}`));
  const [caught = 0n, ignored, blocked] = mask(before);
  assert.deepEqual(mask(used), [caught | FAULTS, ignored, blocked]);
});

test("the first secret loads the library, and leaves limits, signals and globals alone", {
  skip: notOnLinux,
}, async () => {
  const { before, used } = await moments("off");
  assert.ok(used.libraries > 0, "The library is not mapped");
  assert.doesNotMatch(used.vmLck, /\b0 kB$/);
  const { limits, signals, globals, listeners } = used;
  assert.deepEqual({ limits, signals, globals, listeners }, {
    limits: before.limits,
    signals: before.signals,
    globals: before.globals,
    listeners: before.listeners,
  });
});
