/**
 * Makes one native call that handles the bytes of a secret, and waits right after it:
 * `last_call.ts <path of the holder library> <call> <store> <gate>`.
 *
 * @module
 */
import process from "node:process";
import { Secret, type SecretOptions } from "../../../mod.ts";
import { check, loadHolder, takeOnHeap } from "./holding.ts";

const [path, call, store, gate] = process.argv.slice(2) as [string, string, string, string];
const options = { store, gate } as SecretOptions;
const native = loadHolder(path);
const STDIN = 0;

const fill = () =>
  Secret.fill(32, (bytes) => void check(native.holder_read(STDIN, bytes, 32)), options);
const secret = fill();
const same = fill();
const source = takeOnHeap(native);

const calls: Record<string, () => unknown> = {
  "equals, equal": () => secret.equals(same),
  "equals, other bytes": () => secret.equals(new Uint8Array(32)),
  "copy": () => secret.copy(options),
  "from": () => Secret.from(source, options),
  "a window": () => secret.withBytes(() => {}),
  "a window for writing": () => secret.update(() => {}),
  "close": () => secret.close(),
};
const last = calls[call] as () => unknown;
const kept = [last()];
check(native.holder_wait(STDIN));
kept.push(secret, same);
