/**
 * Encrypts files with keys that never enter the JavaScript heap. On Bun, on Deno, on Node 26:
 *
 *     head -c 32 /dev/urandom > 2026.key
 *     bun examples/envelope_encryption/main.ts seal 2026.key plain.txt sealed.bin
 *     deno run --allow-ffi --allow-read --allow-write examples/envelope_encryption/main.ts \
 *       open 2026.key sealed.bin plain.txt
 *     node examples/envelope_encryption/main.ts rewrap 2026.key 2027.key sealed.bin
 *
 * Copies of the keys that are still made: none. See envelope.ts.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import process from "node:process";
import { keyFromFile, open, rewrap, seal } from "./envelope.ts";

function write(path: string, bytes: Uint8Array): void {
  // Renamed when whole: a crash must not leave half of the only copy.
  writeFileSync(`${path}.new`, bytes, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

const [command, ...paths] = process.argv.slice(2);
if (paths.length !== 3) {
  throw new TypeError("Cannot start: name seal, open or rewrap, and three files");
}
const [keyFile, second, third] = paths as [string, string, string];
using key = keyFromFile(keyFile);
if (command === "seal") {
  write(third, seal(key, readFileSync(second)));
} else if (command === "open") {
  write(third, open(key, readFileSync(second)));
} else if (command === "rewrap") {
  using newKey = keyFromFile(second);
  write(third, rewrap(key, newKey, readFileSync(third)));
} else {
  throw new TypeError(`Cannot ${command}: wanted is seal, open or rewrap`);
}
console.log(`${command}: ${third} written, with ${key}`);
