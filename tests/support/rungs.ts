/**
 * The rungs of the two ladders: for claims that hold on each of them. What this host lacks
 * is skipped, with its reason.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { capabilities, configure, type SecretOptions } from "../../mod.ts";
import { type Gate, GATES, type Store, STORES } from "./ladders.ts";
import { unless } from "./skip.ts";

/** A rung of each ladder. */
export interface Rungs {
  readonly store: Store;
  readonly gate: Gate;
}

/** The same, whether this host has them or not. */
export interface Rung extends Rungs {
  /** The option `skip` of a test that needs them. */
  readonly skip: string | false;
}

const { stores, gates, probe, reason } = capabilities();

/** The lowest rungs are never skipped: where they do not work, the tests are to fail. */
const LOWEST: readonly string[] = ["locked", "mprotect"];

const withoutStore = STORES.map((store) => {
  const { available, reason } = stores[store];
  return [store, unless(store, available || LOWEST.includes(store), reason ?? "")] as const;
});
const withoutGate = GATES.map((gate) => {
  const { available, reason } = gates[gate];
  return [gate, unless(gate, available || LOWEST.includes(gate), reason ?? "")] as const;
});

/** Every combination. */
export const EVERY_RUNG: readonly Rung[] = withoutStore.flatMap(([store, noStore]) =>
  withoutGate.map(([gate, noGate]) => ({ store, gate, skip: noStore || noGate }))
);

/** Those that this host has. */
export const RUNGS: readonly Rungs[] = EVERY_RUNG.filter(({ skip }) => skip === false)
  .map(({ store, gate }) => ({ store, gate }));

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
  for (const rung of EVERY_RUNG) testOn(rung, `${name} (${nameOf(rung)})`, run, options);
}

/** One test for each gate, for what the store has no part in: how windows open and close. */
export function testOnGates(name: string, run: Run, options: RunOptions = {}): void {
  for (const [gate, skip] of withoutGate) {
    testOn({ store: AUTO.store, gate, skip }, `${name} (${gate})`, run, options);
  }
}

function testOn({ skip, ...rungs }: Rung, name: string, run: Run, options: RunOptions): void {
  test(name, { skip: options.skip || skip }, async () => {
    configure(rungs);
    try {
      await run(rungs);
    } finally {
      configure({ store: undefined, gate: undefined });
    }
  });
}
