/**
 * A storm of windows by four Workers on one secret; see storm_test.ts.
 *
 * @module
 */
import assert from "node:assert/strict";
import process from "node:process";
import { Secret, stats } from "../../mod.ts";
import { library } from "../../src/native/library.ts";
import * as state from "../../src/state.ts";
import { untilIdle } from "../support/idle.ts";
import { mappings } from "../support/maps.ts";
import { startWorker } from "../support/worker.ts";
import type { Result, Task } from "../workers/storm.ts";

const WORKERS = 4;
const workers = Array.from(
  { length: WORKERS },
  () => startWorker(new URL("../workers/storm.ts", import.meta.url)),
);

async function storm(tasks: readonly Task[]): Promise<Result[]> {
  for (const [index, task] of tasks.entries()) workers[index]?.post(task);
  return await Promise.all(workers.map((worker) => worker.receive())) as Result[];
}

function sum(results: readonly Result[], field: "windows" | "updates" | "busy" | "wrong"): number {
  return results.reduce((total, result) => total + result[field], 0);
}

/** The permissions of the page that holds a secret, as the kernel has them. */
function permissionsOf(handle: number): string {
  const { calls, runtime } = library();
  const pointer = calls.securememory_address(handle) as { valueOf(): unknown };
  const denoPointer =
    (globalThis as { Deno?: { UnsafePointer: { value(p: unknown): bigint } } }).Deno;
  const address = runtime.name === "deno"
    ? denoPointer?.UnsafePointer.value(pointer) as bigint
    : BigInt(pointer as unknown as number);
  const mapping = mappings().find(({ from, to }) => from <= address && address < to);
  return mapping?.permissions ?? "absent";
}

/** No closing: every window counts, and at the end the page is shut. */
async function windows(total: number): Promise<void> {
  const secret = Secret.from(new Uint8Array(32));
  const ticket = secret.share();
  const each = Math.ceil(total / WORKERS);
  const results = await storm(workers.map((_, index) => ({
    ticket,
    windows: each,
    seed: index + 1,
    updates: 100,
    closeAfter: 0,
  })));
  assert.ok(sum(results, "windows") >= total);
  assert.equal(sum(results, "wrong"), 0, "a reader saw half an update");
  assert.ok(results.every(({ closed }) => !closed));
  const updates = sum(results, "updates");
  assert.ok(updates > 0, "no update got through");
  assert.equal(new Int32Array(ticket.state)[0], 0, "a count was lost");
  assert.equal(stats().openWindows, 0);
  await untilIdle();
  assert.match(permissionsOf(ticket.handle), /^---[ps]$/);
  assert.equal(secret.withBytes((bytes) => bytes[7]), updates % 256, "an update was lost");
  secret.close();
  console.log(
    `${sum(results, "windows")} windows, ${updates} updates, ${
      sum(results, "busy")
    } refused as busy`,
  );
}

/** One of the Workers, or this thread, closes at a random moment; round after round. */
async function closes(rounds: number): Promise<void> {
  let opened = 0;
  for (let round = 0; round < rounds; round++) {
    const secret = Secret.from(new Uint8Array(32));
    const ticket = secret.share();
    const closer = round % (WORKERS + 1);
    const ended = storm(workers.map((_, index) => ({
      ticket,
      windows: 1_000_000,
      seed: round * WORKERS + index + 1,
      updates: 20,
      closeAfter: index === closer ? 1 + (round * 37) % 500 : 0,
    })));
    if (closer === WORKERS) {
      await new Promise((resolve) => setTimeout(resolve, round % 3));
      secret.close();
    }
    const results = await ended;
    assert.ok(results.every(({ closed }) => closed), "a Worker went on after the close");
    assert.equal(sum(results, "wrong"), 0);
    opened += sum(results, "windows");
    await secret[Symbol.asyncDispose]();
    assert.equal(secret.isClosed, true);
    assert.equal(new Int32Array(ticket.state)[0], state.CLOSING | state.CLOSED);
    assert.equal(library().calls.securememory_length(ticket.handle), 0);
  }
  assert.equal(stats().openWindows, 0);
  console.log(`${rounds} closes among ${opened} windows`);
}

const [name, count] = process.argv.slice(2);
await (name === "windows" ? windows : closes)(Number(count));
for (const worker of workers) await worker.stop();
console.log("done");
