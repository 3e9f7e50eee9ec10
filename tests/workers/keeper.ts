/** Holds a secret of its own, says where it is, and ends as it is told. */
import process from "node:process";
import { parentPort } from "node:worker_threads";
import { Secret } from "../../mod.ts";
import { RUNTIME } from "../support/child.ts";
import { addressOf } from "../support/memory.ts";

const secret = Secret.from(new Uint8Array(32).fill(0xa7), { store: "locked" });
let sum = 0;

parentPort?.on("message", (message: unknown) => {
  // Deno has no parentPort.close().
  if (message === "end") (RUNTIME === "deno" ? globalThis : parentPort)?.close();
  if (message === "exit") process.exit(0);
  if (message !== "storm") return;
  parentPort?.postMessage("storm");
  for (;;) sum += secret.withBytes((bytes) => bytes[0] as number);
});
parentPort?.postMessage(secret.withBytes(addressOf).toString(16));
