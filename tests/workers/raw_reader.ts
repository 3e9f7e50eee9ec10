/**
 * Reads memory by its address, beside the library. It is told by `{ address }`, and answers
 * with the byte there; `{ load: true }` makes it use the library first, as a Worker would
 * that has secrets. Says "ready" when it runs.
 */
import { parentPort } from "node:worker_threads";
import { stats } from "../../mod.ts";
import { bytesAt } from "../support/memory.ts";

interface Order {
  readonly address: bigint;
  readonly load?: boolean;
}

parentPort?.on("message", ({ address, load }: Order) => {
  if (load) stats();
  parentPort?.postMessage(bytesAt(address, 1)[0]);
});
parentPort?.postMessage("ready");
