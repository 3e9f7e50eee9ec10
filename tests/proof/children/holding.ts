/**
 * What every holder does: takes tokens from its standard input, in the order of the plan,
 * without leaving copies of them, and makes the secrets of the plan.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Secret, type SecretOptions } from "../../../mod.ts";
import { detectRuntime } from "../../../src/native/library.ts";
import { addressOf } from "../../support/memory.ts";
import { type Case, CASES, type HolderTask, tokenName } from "../support/plan.ts";

const STDIN = 0;
const TOKEN_BYTES = 32;

/** The functions of `native/holder.zig`. */
export function loadHolder(path: string) {
  return detectRuntime().load(path, {
    holder_read: { parameters: ["u32", "buffer", "u32"], result: "i32" },
    holder_write: { parameters: ["u32", "buffer", "u32"], result: "i32" },
    holder_bare: { parameters: ["u32", "u32", "buffer"], result: "i32" },
    holder_secretmem: { parameters: ["buffer"], result: "i32" },
    holder_hollow: { parameters: [], result: "i32" },
    holder_vmsplice: { parameters: ["buffer", "u32"], result: "i32" },
    holder_open_direct: { parameters: ["buffer"], result: "i32" },
    holder_io_uring: { parameters: ["buffer", "u32"], result: "i32" },
    holder_read_self: { parameters: ["buffer", "buffer", "u32"], result: "i32" },
    holder_shared: { parameters: ["buffer"], result: "i32" },
    holder_fork: { parameters: ["buffer", "u32"], result: "u32" },
    holder_wait: { parameters: ["u32"], result: "i32" },
  });
}

/** Those functions, loaded. */
export type Native = ReturnType<typeof loadHolder>;

/** Throws what a native function reports. */
export function check(result: number): number {
  if (result < 0) throw new Error(`A native call failed with errno ${-result}`);
  return result;
}

/** Pages that the library has no part in, in the order of `Kind` in `native/holder/bare.zig`. */
export const BARE = ["unlocked", "locked", "secretmem"] as const;

/** Makes one of them, of the next token: its address, or a negative errno. */
export function barePage(native: Native, kind: typeof BARE[number]): bigint {
  const place = new BigUint64Array(1);
  const bytes = new Uint8Array(place.buffer);
  const result = native.holder_bare(STDIN, BARE.indexOf(kind), bytes);
  if (result === 0) return place[0] as bigint;
  // Nobody looks for that token then; it only has to be out of the way.
  takeOnHeap(native);
  return BigInt(result);
}

/** A token on the ordinary heap. Not in a small array of V8's own heap, which moves them. */
export function takeOnHeap({ holder_read }: Native): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(TOKEN_BYTES));
  check(holder_read(STDIN, bytes, TOKEN_BYTES));
  return bytes;
}

/** Keeps a token on the heap in each form that is looked for: the control. */
export function keepControl(native: Native): Record<string, unknown> {
  const raw = takeOnHeap(native);
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const texts = {
    hex: bytes.toString("hex"),
    base64: bytes.toString("base64"),
    // A character that is not Latin-1 makes an engine keep two bytes for each.
    wide: Buffer.from(`☃${bytes.toString("hex")}`, "utf16le").toString("utf16le"),
    raw: bytes.toString("latin1"),
    reversed: Buffer.from(raw.slice().reverse()).toString("latin1"),
  };
  // A heap snapshot of JSC has no content, but names: those of the global object's properties.
  for (const text of Object.values(texts)) Object.assign(globalThis, { [text]: texts });
  return { raw, reversed: raw.slice().reverse(), texts };
}

/** Makes the secrets of a plan. */
export class Plan {
  readonly #native: Native;
  readonly #task: HolderTask;
  /** Where the bytes of each token are. */
  readonly pages: Record<string, string[]> = {};
  /** Everything that has to stay alive. */
  readonly secrets: Secret[] = [];
  /** The secrets that are to be looked at in a window. */
  readonly toOpen: Secret[] = [];
  /** Those that have one right before. */
  readonly toUse: Secret[] = [];

  constructor(native: Native, task: HolderTask) {
    this.#native = native;
    this.#task = task;
    for (const rung of task.rungs) {
      for (const one of CASES) this.#make(one, tokenName(rung, one), rung);
    }
  }

  #make(one: Case, name: string, options: SecretOptions): void {
    if (one === "random") return this.#random(name, options);
    if (one === "from") return this.#from(name, options);
    const secret = this.#fill(name, options);
    if (one === "before") return;
    if (one === "in") return void this.toOpen.push(secret);
    if (one === "recent") return void this.toUse.push(secret);
    use(secret);
    if (one === "closed") secret.close();
    if (one === "copy") {
      const copy = secret.copy(options);
      this.#keep(name, copy);
      use(copy);
    }
    if (one === "equals" && !secret.equals(this.#fill(name, options))) {
      throw new Error("Equal secrets are not equal");
    }
  }

  /** From the descriptor straight onto the page. */
  #fill(name: string, options: SecretOptions): Secret {
    const secret = Secret.fill(TOKEN_BYTES, (bytes) => {
      this.#note(name, bytes);
      check(this.#native.holder_read(STDIN, bytes, TOKEN_BYTES));
    }, options);
    this.secrets.push(secret);
    return secret;
  }

  /** From the heap, where the library has to wipe it. */
  #from(name: string, options: SecretOptions): void {
    const secret = Secret.from(takeOnHeap(this.#native), options);
    this.#keep(name, secret);
    use(secret);
  }

  /** Whoever looks learns the token from a file, into which the kernel copies it. */
  #random(name: string, options: SecretOptions): void {
    const secret = Secret.random(TOKEN_BYTES, options);
    this.#keep(name, secret);
    const file = openSync(join(this.#task.folder, name), "w", 0o600);
    secret.withBytes((bytes) => check(this.#native.holder_write(file, bytes, TOKEN_BYTES)));
    closeSync(file);
  }

  #keep(name: string, secret: Secret): void {
    this.secrets.push(secret);
    secret.withBytes((bytes) => this.#note(name, bytes));
  }

  #note(name: string, bytes: Uint8Array): void {
    (this.pages[name] ??= []).push(addressOf(bytes).toString(16));
  }
}

/**
 * Waits until secrets are at rest: the gate `pkey` closes pages to everybody once they were
 * not used for 100 ms. In steps, so that its timer gets its turns on a slow machine as well.
 */
export async function rest(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await setTimeout(60);
}

/** Calls back in a window on each of the secrets at once. */
export function inside(secrets: readonly Secret[], fn: () => void): void {
  const [first, ...rest] = secrets;
  if (first === undefined) return fn();
  first.withBytes(() => inside(rest, fn));
}

/** Windows of both kinds, in which JavaScript touches every byte. */
export function use(secret: Secret): void {
  const sum = secret.withBytes((bytes) => bytes.reduce((total, byte) => total + byte, 0));
  secret.update((bytes) => void (bytes[0] = bytes[0] as number));
  if (sum < 0) throw new Error("Bytes are not negative");
}
