/**
 * A process that keeps a key in a `Secret`, uses it in one of the ways, and closes it:
 *
 *     user.ts <operation> <path of the key>
 *     user.ts control <path of a file>
 *
 * It says when it has got so far, with the nonce of its last box, and goes on when it gets a line.
 * As the control it keeps the file's bytes in an array instead, and drops nothing.
 *
 * @module
 */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { Secret } from "../../mod.ts";
import { type Operation, use } from "./operations.ts";

const [operation, path] = process.argv.slice(2) as [Operation | "control", string];
const LENGTH = 32;

function readInto(bytes: Uint8Array): void {
  const file = openSync(path, "r");
  readSync(file, bytes, 0, LENGTH, 0);
  closeSync(file);
}

/** All garbage is collected, as far as the engine's own collector does that. */
async function collect(): Promise<void> {
  const { Bun, gc } = globalThis as {
    Bun?: { gc(synchronously: boolean): void };
    gc?: () => void;
  };
  for (let turn = 0; turn < 5; turn++) {
    if (Bun === undefined) gc?.();
    else Bun.gc(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
if (operation === "control") {
  const kept = readFileSync(path);
  console.log("kept");
  await lines.next();
  process.exit(kept.length > 0 ? 0 : 1);
}
const key = Secret.fill(LENGTH, readInto, { store: "locked", gate: "mprotect" });
const nonce = use(key, operation);
console.log(`kept ${nonce?.toHex() ?? ""}`);
await lines.next();
key.close();
await collect();
console.log("after");
await lines.next();
process.exit(0);
