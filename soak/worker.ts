/**
 * One of the Workers of a soak: makes batches of operations as it is told to, and says what came
 * of them.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { SecretPool, type SharedPool, stats } from "../mod.ts";
import type { Outcome } from "./counts.ts";
import { loadFaults, NO_FAULTS } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import type { Pool, Ticket } from "./model.ts";
import * as operations from "./operations.ts";
import { generator, mix } from "./random.ts";

/** What a Worker is told at its start. */
export interface Start {
  readonly seed: number;
  readonly index: number;
  readonly workers: number;
  readonly faults: boolean;
  readonly pools: readonly { readonly name: Pool["name"]; readonly shared: SharedPool }[];
}

/** What it is told then. */
export type Order =
  | { readonly kind: "batch"; readonly operations: number; readonly tickets: readonly Ticket[] }
  /** Closes all that it has. */
  | { readonly kind: "finish" }
  /** Collects what it has lost. */
  | { readonly kind: "collect" };

/** What it answers. */
export interface Answer {
  readonly tickets: readonly Ticket[];
  /** In answer to `finish`. */
  readonly outcome: Outcome | undefined;
  readonly inUse: number;
}

/** Things that a Worker holds at a time, more or less. */
const HELD = 400;

/** Shares of 1000. */
const SHARES = {
  open: 400,
  openMany: 70,
  update: 60,
  copyOrCompare: 30,
  seal: 70,
  unseal: 110,
  // Addresses of what was shared are not used again.
  share: 8,
  forget: 12,
  replacePool: 1,
  changeKey: 1,
} as const;

const { seed, index, workers, faults: failing, pools: shared } = workerData as Start;
const faults = failing ? loadFaults() : NO_FAULTS;
const ledger = new Ledger(failing);
const world: operations.World = {
  ledger,
  pools: [
    ...(["pool", "sealing pool"] as const).map((name) => ({
      name,
      pool: operations.makePool(name),
      shared: false,
    })),
    ...shared.map(({ name, shared }) => ({ name, pool: SecretPool.attach(shared), shared: true })),
  ],
  tickets: [],
  faults: failing,
  index,
  workers,
};

/** What to do follows from the seed and the step alone, and from how much there is. */
async function step(number: number): Promise<void> {
  const random = generator(mix(seed, index, number));
  const content = mix(seed, index, number, 1);
  faults.perhaps(random);
  let share = random(1000);
  for (const [name, part] of Object.entries(SHARES) as [keyof typeof SHARES, number][]) {
    share -= part;
    if (share >= 0) continue;
    return void await operations[name](world, random, content);
  }
  const full = ledger.held.length > HELD + random(HELD) - HELD / 2;
  if (full) operations.close(world, random);
  else operations.create(world, random, content);
}

/** Everything is looked at and goes, and nothing may fail any more. */
function finish(): void {
  faults.stop();
  for (const held of [...ledger.held]) operations.look(world, held);
  for (const held of [...ledger.held]) operations.closeHeld(ledger, held);
  for (const { pool, shared, name } of world.pools) {
    if (!shared) ledger.attempt(`close, whole ${name}`, () => pool.close());
  }
}

async function collect(): Promise<void> {
  const { Bun, gc } = globalThis as { Bun?: { gc(force: boolean): void }; gc?: () => void };
  for (let round = 0; round < 5; round++) {
    if (Bun === undefined) gc?.();
    else Bun.gc(true);
    // Finalizers run in a turn of their own.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

let steps = 0;

async function obey(order: Order): Promise<Outcome | undefined> {
  if (order.kind === "collect") return void await collect();
  if (order.kind === "finish") {
    finish();
    return ledger.outcome;
  }
  for (const ticket of order.tickets) operations.attach(world, ticket);
  for (let rest = order.operations; rest > 0; rest--) await step(steps++);
  return undefined;
}

parentPort?.on("message", async (order: Order) => {
  const outcome = await obey(order);
  const answer: Answer = { tickets: world.tickets.splice(0), outcome, inUse: stats().inUse };
  parentPort?.postMessage(answer);
});
parentPort?.postMessage("ready");
