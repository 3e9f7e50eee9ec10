/**
 * Asks the kernel to reach for pages: `kernel.ts <path of the holder library> <folder> <rungs
 * as JSON>`. Prints what came of it, as JSON.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Secret, type SecretOptions } from "../../../mod.ts";
import { addressOf, bytesAt } from "../../support/memory.ts";
import { loadHolder, rest } from "./holding.ts";

const [library, folder, rungs] = process.argv.slice(2) as [string, string, string];
const native = loadHolder(library);
const PAGE_BYTES = 4096;

/** A page's bytes by way of the kernel; a string is why there are none. */
type Reached = Uint8Array | string;

function errno(result: number): string {
  const named = Object.entries(constants.errno).find(([, value]) => value === -result);
  return named?.[0] ?? `errno ${-result}`;
}

let files = 0;

const calls: Record<string, (page: Uint8Array) => Reached> = {
  vmsplice(page) {
    const pipe = native.holder_vmsplice(page, PAGE_BYTES);
    return pipe < 0 ? errno(pipe) : fromPipe(pipe);
  },
  direct(page) {
    const path = join(folder, `${files++}`);
    const file = native.holder_open_direct(Buffer.from(`${path}\0`));
    if (file < 0) return errno(file);
    const written = native.holder_write(file, page, PAGE_BYTES);
    return written < 0 ? errno(written) : new Uint8Array(readFileSync(path));
  },
  // The page is pinned or it is not: from then on the kernel reads it for whoever asks.
  ioUring(page) {
    const registered = native.holder_io_uring(page, PAGE_BYTES);
    return registered < 0 ? errno(registered) : page;
  },
  readSelf(page) {
    const bytes = new Uint8Array(PAGE_BYTES);
    const read = native.holder_read_self(bytes, page, PAGE_BYTES);
    return read < 0 ? errno(read) : bytes;
  },
};

function fromPipe(pipe: number): Reached {
  const bytes = new Uint8Array(PAGE_BYTES);
  const read = native.holder_read(pipe, bytes, PAGE_BYTES);
  return read < 0 ? errno(read) : bytes;
}

/** Every call, on the page of a view that is open or is not. */
function reach(page: Uint8Array): Record<string, Reached> {
  return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, call(page)]));
}

function said(reached: Record<string, Reached>, same: (bytes: Uint8Array) => boolean) {
  return Object.fromEntries(
    Object.entries(reached).map(([name, bytes]) => [
      name,
      typeof bytes === "string" ? bytes : same(bytes) ? "the bytes" : "no bytes",
    ]),
  );
}

async function ofSecret(options: SecretOptions) {
  const secret = Secret.random(PAGE_BYTES, options);
  const twin = secret.copy();
  let view: Uint8Array = new Uint8Array();
  const look = (page: Uint8Array) => said(reach(page), (one) => one === page || twin.equals(one));
  const read = secret.withBytes((bytes) => look(view = bytes));
  const write = secret.update(look);
  await rest();
  return { read, write, closed: look(view) };
}

/** The same of a page that the library has no part in. */
function ofBareSecretmem() {
  const place = new BigUint64Array(1);
  const result = native.holder_secretmem(new Uint8Array(place.buffer));
  if (result < 0) return undefined;
  const page = bytesAt(place[0] as bigint, PAGE_BYTES).fill(0x5a);
  return said(reach(page), (one) => one === page || Buffer.from(one).equals(page));
}

/** A page in a pipe, read after its secret was closed. */
function splicedThenClosed(options: SecretOptions): string {
  const secret = Secret.random(PAGE_BYTES, options);
  const pipe = secret.withBytes((bytes) => native.holder_vmsplice(bytes, PAGE_BYTES));
  if (pipe < 0) return errno(pipe);
  secret.close();
  const bytes = fromPipe(pipe);
  if (typeof bytes === "string") return bytes;
  return bytes.every((byte) => byte === 0) ? "zeros" : "something";
}

const reports: unknown[] = [];
// One after the other: who works does not let the others come to rest.
for (const options of JSON.parse(rungs) as SecretOptions[]) {
  const ofOne = await ofSecret(options);
  reports.push({ ...options, ...ofOne, splicedThenClosed: splicedThenClosed(options) });
}

console.log(JSON.stringify({
  rungs: reports,
  bareSecretmem: ofBareSecretmem(),
  heap: { ...said(reach(onOnePage()), () => true), ...copying() },
}));

/** Some file systems take O_DIRECT and copy all the same: bytes at odd addresses, too. */
function copying(): Record<string, string> {
  const odd = new Uint8Array(PAGE_BYTES + 1).subarray(1);
  return calls.direct?.(odd) === "EINVAL" ? {} : { direct: "a copy" };
}

/** Ordinary memory, as a control: a whole page of it. */
function onOnePage(): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(2 * PAGE_BYTES));
  const start = Number(-addressOf(bytes) & 4095n);
  return bytes.subarray(start, start + PAGE_BYTES);
}
