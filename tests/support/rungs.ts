/**
 * The rungs of the two ladders that this host has: for claims that hold on each of them.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { capabilities, configure, type SecretOptions } from "../../mod.ts";
import { unless } from "./skip.ts";

/** A rung of each ladder. */
export interface Rungs {
  readonly store: "secretmem" | "locked";
  readonly gate: "pkey" | "mprotect";
}

const { stores, gates, probe, reason } = capabilities();

/** Every combination that can be had here, the best one first. */
export const RUNGS: readonly Rungs[] = (["secretmem", "locked"] as const).flatMap((store) =>
  (["pkey", "mprotect"] as const).map((gate) => ({ store, gate }))
).filter(({ store, gate }) => stores[store].available && gates[gate].available);

/** The gates that can be had here. */
export const GATES: readonly Rungs["gate"][] = [...new Set(RUNGS.map(({ gate }) => gate))];

/** What a secret gets that asks for nothing, as long as nobody has asked for more. */
export const AUTO: Rungs = autoRungs();

/**
 * The same in a process that starts now. Any area of memfd_secret, of whatever process,
 * blocks hibernation, and then `auto` need not mind it: the answer changes with the first one.
 */
export function autoOfChild(): Rungs {
  const store = stores.secretmem.available && !canHibernate() ? "secretmem" : "locked";
  return { store, gate: AUTO.gate };
}

/** As the kernel has it, and no code of the library. True where it does not tell. */
function canHibernate(): boolean {
  try {
    return readFileSync("/sys/power/state", "utf8").split(/\s+/).includes("disk");
  } catch {
    return !existsSync("/sys/kernel/mm");
  }
}

function autoRungs(): Rungs {
  if (probe === undefined || probe.store === "unlocked" || RUNGS.length === 0) {
    throw new Error(`Nothing can be tested without secrets: ${reason}`);
  }
  return { store: probe.store, gate: probe.gate };
}

/** A rung that can be required and is missing here; `undefined` if there is none. */
export const MISSING: { readonly store: "secretmem" } | { readonly gate: "pkey" } | undefined =
  stores.secretmem.available
    ? gates.pkey.available ? undefined : { gate: "pkey" }
    : { store: "secretmem" };

/** The option `skip` of a test that needs {@linkcode MISSING}. */
export function withNothingMissing(): string | false {
  return unless("missing", MISSING !== undefined, "this host has every rung");
}

/** Options that require a rung that is missing; for tests skipped by {@linkcode withNothingMissing}. */
export function missing(): SecretOptions {
  if (MISSING === undefined) throw new Error("Every rung is there");
  return MISSING;
}

/** Both, for the name of a test. */
export function nameOf({ store, gate }: Rungs): string {
  return `${store}, ${gate}`;
}

/** Environment variables that give a child these rungs. */
export function environmentOf({ store, gate }: Rungs): Readonly<Record<string, string>> {
  return { SECUREMEMORY_STORE: store, SECUREMEMORY_GATE: gate };
}

type Run = (rungs: Rungs) => unknown;

interface RunOptions {
  readonly skip?: string | false;
}

/**
 * One test for each combination. While it runs, secrets that ask for nothing have these
 * rungs: the tests of a file run one after the other.
 */
export function testOnRungs(name: string, run: Run, options: RunOptions = {}): void {
  for (const rungs of RUNGS) testOn(rungs, `${name} (${nameOf(rungs)})`, run, options);
}

/** One test for each gate, for what the store has no part in: how windows open and close. */
export function testOnGates(name: string, run: Run, options: RunOptions = {}): void {
  for (const gate of GATES) testOn({ ...AUTO, gate }, `${name} (${gate})`, run, options);
}

function testOn(rungs: Rungs, name: string, run: Run, options: RunOptions): void {
  test(name, options, async () => {
    configure(rungs);
    try {
      await run(rungs);
    } finally {
      configure({ store: undefined, gate: undefined });
    }
  });
}
