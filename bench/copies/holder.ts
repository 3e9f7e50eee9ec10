/**
 * A process that keeps a key in one of the ways, uses it, and gives it up:
 *
 *     holder.ts <way> <use> <path of the key>
 *
 * It says when it has got so far, and goes on when it gets a line. The key is printable, so
 * that a string can hold it, and random, so that it stands nowhere by chance.
 *
 * @module
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import process from "node:process";
import { createInterface } from "node:readline";
import { Secret } from "../../mod.ts";
import { collect, readInto } from "./child.ts";
import { ROUNDS, type Use, type Way } from "./ways.ts";

const [way, use, path] = process.argv.slice(2) as [Way, Use, string];
const LENGTH = 32;

const readKey = (bytes: Uint8Array) => readInto(path, bytes);

function read(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(LENGTH);
  readKey(bytes);
  return bytes;
}

/** The secret of the ways that have one. */
function secretOf(): Secret | undefined {
  const options = {
    store: way === "secretmem" ? "secretmem" : "locked",
    gate: "mprotect",
  } as const;
  if (way === "from") return Secret.from(read(), options);
  if (way === "fill" || way === "secretmem") return Secret.fill(LENGTH, readKey, options);
  return undefined;
}

const message = new Uint8Array(64);
const other = new Uint8Array(LENGTH);
let sink = 0;

/** What is done with a key that somebody has as bytes or as a string. */
function once(key: Uint8Array | string): void {
  if (use === "hmac") {
    sink += createHmac("sha256", key).update(message).digest()[0] as number;
  } else if (typeof key === "string") {
    sink += key === `${sink}` ? 1 : 0;
  } else {
    sink += timingSafeEqual(key, other) ? 1 : 0;
  }
}

/** Keeps the key; the function that is returned gives it up. */
function keep(): () => void {
  const secret = secretOf();
  if (secret !== undefined) {
    for (let round = 0; round < ROUNDS; round++) {
      if (use === "hmac") secret.withBytes(once);
      else sink += secret.equals(other) ? 1 : 0;
    }
    return () => secret.close();
  }
  const bytes = read();
  let key: Uint8Array | string | undefined = bytes;
  if (way === "string") {
    key = new TextDecoder().decode(bytes);
    bytes.fill(0);
  }
  if (way === "given") {
    using secret = Secret.random(LENGTH);
    sink += secret.equals(bytes) ? 1 : 0;
  }
  for (let round = 0; round < ROUNDS; round++) once(key);
  return () => {
    if (way === "wiped" || way === "given") bytes.fill(0);
    key = undefined;
  };
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
let giveUp: (() => void) | undefined = keep();
console.log("kept");
await lines.next();
giveUp();
giveUp = undefined;
await collect();
console.log("after");
await lines.next();
process.exit(sink < 0 ? 1 : 0);
