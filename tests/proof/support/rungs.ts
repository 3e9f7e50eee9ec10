/**
 * Every combination of store and gate. What this host lacks is skipped, with its reason.
 *
 * @module
 */
import { capabilities } from "../../../mod.ts";
import { unless } from "../../support/skip.ts";
import { type Gate, GATES, type Store, STORES } from "./ladders.ts";

/** One combination. */
export interface Rung {
  readonly store: Store;
  readonly gate: Gate;
  /** The option `skip` of a test that needs it. */
  readonly skip: string | false;
}

const { stores, gates } = capabilities();

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

/** All combinations. */
export const RUNGS: readonly Rung[] = withoutStore.flatMap(([store, noStore]) =>
  withoutGate.map(([gate, noGate]) => ({ store, gate, skip: noStore || noGate }))
);

/** The combinations that this host has. */
export const RUNGS_HERE: readonly Rung[] = RUNGS.filter(({ skip }) => skip === false);
