/**
 * Makes one native call that handles the bytes of a secret, and waits right after it:
 * `last_call.ts <path of the holder library> <call> <store> <gate> <path of the secret>`.
 *
 * @module
 */
import { closeSync, openSync, readSync } from "node:fs";
import process from "node:process";
import { Secret, type SecretOptions } from "../../../mod.ts";
import { check, loadHolder, takeOnHeap } from "./holding.ts";

const [path, call, store, gate, file] = process.argv.slice(2) as [
  ...[string, string, string, string],
  string,
];
const options = { store, gate } as SecretOptions;
const native = loadHolder(path);
const STDIN = 0;

const fill = () =>
  Secret.fill(32, (bytes) => void check(native.holder_read(STDIN, bytes, 32)), options);
const secret = fill();
const same = fill();
const source = takeOnHeap(native);

/** Text in an array, which nothing else has had. */
function text(path: string): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(100));
  const fd = openSync(path, "r");
  const count = readSync(fd, bytes, 0, bytes.length, 0);
  closeSync(fd);
  return bytes.subarray(0, count);
}

const calls: Record<string, () => unknown> = {
  "equals, equal": () => secret.equals(same),
  "equals, other bytes": () => secret.equals(new Uint8Array(32)),
  "copy": () => secret.copy(options),
  "from": () => Secret.from(source, options),
  "fromFile": () => Secret.fromFile(file, options),
  "fromHex": () => Secret.fromHex(text(`${file}.hex`), options),
  "fromBase64": () => Secret.fromBase64(text(`${file}.base64`), options),
  "a window": () => secret.withBytes(() => {}),
  "a window for writing": () => secret.update(() => {}),
  "close": () => secret.close(),
};
const last = calls[call] as () => unknown;
const kept = [last()];
check(native.holder_wait(STDIN));
kept.push(secret, same);
