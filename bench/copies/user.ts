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
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { Secret } from "../../mod.ts";
import { collect, readInto } from "./child.ts";
import { type Operation, use } from "./operations.ts";

const [operation, path] = process.argv.slice(2) as [Operation | "control", string];
const LENGTH = 32;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
if (operation === "control") {
  const kept = readFileSync(path);
  console.log("kept");
  await lines.next();
  process.exit(kept.length > 0 ? 0 : 1);
}
const key = Secret.fill(LENGTH, (bytes) => readInto(path, bytes), {
  store: "locked",
  gate: "mprotect",
});
const nonce = use(key, operation);
console.log(`kept ${nonce?.toHex() ?? ""}`);
await lines.next();
key.close();
await collect();
console.log("after");
await lines.next();
process.exit(0);
