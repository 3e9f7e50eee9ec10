/**
 * A process that makes a secret in one of the ways in, and gives it up:
 *
 *     sources.ts <way> <path>
 *
 * It says when it has got so far, and goes on when it gets a line. Which bytes are the content it
 * does not know: whoever looks at its memory does.
 *
 * @module
 */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { collect } from "../../bench/copies/child.ts";
import { Secret, SecretWriter } from "../../mod.ts";

const [way, path] = process.argv.slice(2) as [string, string];
// The lowest rungs: others can read these pages, also when they are closed.
const options = { store: "locked", gate: "mprotect", maxBytes: 2 ** 21 } as const;
const { maxBytes: _, ...plain } = options;

/** The content in an array, which nothing else has had. */
function bytes(): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(new ArrayBuffer(2 ** 20));
  const fd = openSync(path, "r");
  const count = readSync(fd, target, 0, target.length, 0);
  closeSync(fd);
  return target.subarray(0, count);
}

/** Of the control. */
let kept: Uint8Array | undefined;

/** A stream of the content in chunks of so many bytes. */
async function written(size: number): Promise<Secret> {
  const all = bytes();
  const writer = new SecretWriter(options);
  const stream = writer.writable.getWriter();
  for (let at = 0; at < all.length; at += size) {
    const chunk = all.slice(at, at + size);
    all.fill(0, at, at + size);
    await stream.write(chunk);
  }
  await stream.close();
  return await writer.secret;
}

const ways: { readonly [way: string]: () => Secret | Promise<Secret> } = {
  fromFile: () => Secret.fromFile(path, options),
  fromFd() {
    const fd = openSync(path, "r");
    try {
      return Secret.fromFd(fd, options);
    } finally {
      closeSync(fd);
    }
  },
  "fromHex(bytes)": () => Secret.fromHex(bytes(), plain),
  "fromBase64(bytes)": () => Secret.fromBase64(bytes(), plain),
  "fromBase64Url(bytes)": () => Secret.fromBase64Url(bytes(), plain),
  "fromHex(string)": () => Secret.fromHex(readFileSync(path, "latin1"), plain),
  "fromBase64(string)": () => Secret.fromBase64(readFileSync(path, "latin1"), plain),
  SecretWriter: () => written(100),
  "SecretWriter, large chunks": () => written(30_000),
  /** What the search has to find: the content in ordinary memory, too. */
  control: () => {
    kept = bytes();
    return Secret.from(kept.slice(), plain);
  },
};

let secret: Secret | undefined = await (ways[way] as () => Secret | Promise<Secret>)();
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
console.log(`made ${secret.length}`);
await lines.next();
secret.close();
secret = undefined;
kept = undefined;
await collect();
console.log("closed");
await lines.next();
process.exit(0);
