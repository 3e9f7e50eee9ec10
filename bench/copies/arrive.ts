/**
 * A process that makes a `Secret` of a key in one of the ways, and closes it:
 *
 *     arrive.ts <arrival> <path of the key, or of what stands for it>
 *
 * It says its number when the secret is there, and goes on when it gets a line.
 *
 * @module
 */
import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { Secret, SecretWriter } from "../../mod.ts";
import { type Arrival, QUESTION, VARIABLE } from "./arrivals.ts";
import { collect, readInto } from "./child.ts";

const [arrival, path] = process.argv.slice(2) as [Arrival, string];
const options = { store: "locked", gate: "mprotect" } as const;

function array(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(statSync(path).size);
  readInto(path, bytes);
  return bytes;
}

const arrivals: Readonly<Record<Arrival, () => Secret | Promise<Secret>>> = {
  string: () => Secret.fromString(readFileSync(path, "latin1"), options),
  hexString: () => Secret.fromHex(readFileSync(path, "latin1"), options),
  base64String: () => Secret.fromBase64(readFileSync(path, "latin1"), options),
  environment: () => Secret.fromEnv(VARIABLE, options),
  scrubbed: () => Secret.fromEnv(VARIABLE, { ...options, scrub: true }),
  array: () => Secret.from(array(), options),
  fill: () => Secret.fill(statSync(path).size, (bytes) => readInto(path, bytes), options),
  hex: () => Secret.fromHex(array(), options),
  base64: () => Secret.fromBase64(array(), options),
  file: () => Secret.fromFile(path, options),
  descriptor() {
    const pipe = openSync(path, "r");
    try {
      return Secret.fromFd(pipe, options);
    } finally {
      closeSync(pipe);
    }
  },
  prompt: () => Secret.prompt(QUESTION, options),
  async writer() {
    const writer = new SecretWriter(options);
    const stream = writer.writable.getWriter();
    await stream.write(array());
    await stream.close();
    return await writer.secret;
  },
};

let secret: Secret | undefined = await arrivals[arrival]();
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
console.log(`kept ${process.pid}`);
await lines.next();
secret.close();
secret = undefined;
await collect();
console.log("after");
await lines.next();
process.exit(0);
