/**
 * Lives the life of two secrets while the kernel refuses some system calls, and tells
 * what became of each step. It gets one {@linkcode Case} and answers with one
 * {@linkcode Observation}. The library is a copy that no other case uses, so that the
 * secrets are its first.
 */
import { readFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import {
  type Capabilities,
  capabilities,
  harden,
  purge,
  Secret,
  type SecretOptions,
  type SecretStatus,
  SecureMemoryError,
  stats,
  SystemError,
} from "../../mod.ts";
import { detectRuntime, library } from "../../src/native/library.ts";
import { addressOf } from "../support/memory.ts";
import { peek } from "../support/peek.ts";
import { installFilter, type RecordedCall, type Rule } from "../support/seccomp.ts";

/** When the filter is installed: before the first call of the library, or later. */
export type From = "load" | "start" | "secret";

/** One case. */
export interface Case {
  /** Path of the copy of the library. */
  readonly library: string;
  /** Path of the library that installs the filter. */
  readonly filter: string;
  readonly rules: readonly Rule[];
  /** Write all other calls down. */
  readonly record?: boolean;
  readonly from: From;
  readonly options: SecretOptions;
  /** Also what changes the whole process. */
  readonly hardening?: boolean;
}

/** What became of a step: "ok", or an error. */
export type Outcome = "ok" | {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly syscall: string;
  readonly errno: number;
};

/** What was seen. */
export interface Observation {
  /** Steps by name, in order, such as `page.create`; those of no secret are not there. */
  readonly steps: { readonly [step: string]: Outcome };
  /** What the kernel says of the secrets of a page and of several pages. */
  readonly statuses: { readonly [which: string]: SecretStatus };
  readonly capabilities: Capabilities;
  /** What was not given back, each time. */
  readonly lost: readonly ("reserved" | "locked")[];
  /** What must not have happened: one line each. */
  readonly faults: readonly string[];
  /** What was written down, each kind once. */
  readonly recorded: readonly RecordedCall[];
}

const SIZES = { page: 32, region: 100_000 };
/** One leak would hide in what the runtime itself does; so many do not. */
const ROUNDS = 6;

const steps: Record<string, Outcome> = {};
const statuses: Record<string, SecretStatus> = {};
const lost: ("reserved" | "locked")[] = [];
const faults: string[] = [];

function attempt<T>(action: () => T): { outcome: Outcome; value?: T } {
  try {
    return { outcome: "ok", value: action() };
  } catch (error) {
    if (!(error instanceof SecureMemoryError)) throw error;
    const { name, code, message } = error;
    const { syscall, errno } = error instanceof SystemError ? error : { syscall: "", errno: 0 };
    return { outcome: { name, code, message, syscall, errno } };
  }
}

function step<T>(name: string, action: () => T): T | undefined {
  const { outcome, value } = attempt(action);
  steps[name] = outcome;
  return value;
}

function must(holds: boolean, fault: string): void {
  if (!holds) faults.push(fault);
}

function content(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).map((_, index) => index * 7 + length);
}

function same(bytes: Uint8Array, wanted: Uint8Array): boolean {
  return bytes.length === wanted.length && bytes.every((byte, index) => byte === wanted[index]);
}

/** Makes a secret, or not: then the source is as it was. */
function make(name: string, length: number, options: SecretOptions): Secret | undefined {
  const source = content(length);
  const secret = step(name, () => Secret.from(source, options));
  const wanted = secret === undefined ? content(length) : new Uint8Array(length);
  must(same(source, wanted), `${name}: the source is not ${secret ? "wiped" : "as it was"}`);
  return secret;
}

function live(which: string, secret: Secret): void {
  const wanted = content(secret.length);
  const status = step(`${which}.status`, () => secret.status());
  if (status !== undefined) statuses[which] = status;
  const shown = { here: false, address: 0n };
  step(`${which}.read`, () =>
    secret.withBytes((bytes) => {
      must(same(bytes, wanted), `${which}.read: other content`);
      shown.address = addressOf(bytes);
      shown.here = same(peek(shown.address, wanted.length) ?? new Uint8Array(), wanted);
    }));
  // Nobody sees into secretmem; that the rest is seen shows that looking works.
  const visible = steps[`${which}.read`] === "ok" && status?.store === "locked";
  if (visible) must(shown.here, `${which}.read: the content is not where the view says`);
  step(
    `${which}.update`,
    () => secret.update((bytes) => must(same(bytes, wanted), `${which}.update: other content`)),
  );
  step(`${which}.close`, () => secret.close());
  must(secret.isClosed, `${which}.close: the secret is not closed`);
  const left = shown.here ? peek(shown.address, wanted.length) : undefined;
  must(left === undefined || !same(left, wanted), `${which}.close: the content is still there`);
}

/** Bytes of address space that nobody may access: what an arena is, whole or half made. */
function reserved(): number {
  return readFileSync("/proc/self/maps", "utf8").split("\n")
    .filter((line) => / ---[ps] /.test(line))
    .map((line) => (line.split(" ", 1)[0] as string).split("-") as [string, string])
    .reduce((sum, [from, to]) => sum + Number.parseInt(to, 16) - Number.parseInt(from, 16), 0);
}

/** Bytes that the kernel counts as locked. */
function locked(): number {
  const text = /^VmLck:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(text) * 1024;
}

/** Again and again: what is not given back adds up, each time. */
function repeat(options: SecretOptions): void {
  const lockedBefore = locked();
  let reservedMore = false;
  for (const [which, length] of Object.entries(SIZES)) {
    const source = content(length);
    let grown = Infinity;
    for (let time = 0; time < 3; time++) {
      const before = reserved();
      for (let round = 0; round < ROUNDS; round++) {
        const { outcome } = attempt(() => Secret.from(source, options).close());
        if (round === 0 && time === 0) steps[`${which}.again`] = outcome;
      }
      grown = Math.min(grown, reserved() - before);
    }
    // The first round may make an arena. The runtime's own reservations come seldom.
    if (grown >= ROUNDS * 4096) reservedMore = true;
  }
  if (reservedMore) lost.push("reserved");
  if (locked() - lockedBefore >= 1 << 20) lost.push("locked");
}

function observe(given: Case): Observation {
  const { options, from } = given;
  const runtime = detectRuntime();
  // Mapped, so that the filter knows where its code is; nothing else happens.
  runtime.load(given.library, {
    securememory_abi_version: { parameters: [], result: "u32" },
  });
  let recorded = (): RecordedCall[] => [];
  const refuse = (when: From) => {
    if (when !== from) return;
    recorded = installFilter(given.filter, given.library, given.rules, given.record);
  };
  const lockedBefore = locked();
  refuse("load");
  const loaded = step("start", library);
  if (loaded !== undefined) {
    if (loaded.path !== given.library) throw new Error(`Another library: "${loaded.path}"`);
    refuse("start");
    const secrets = Object.entries(SIZES)
      .map(([which, length]) => ({ which, secret: make(`${which}.create`, length, options) }));
    refuse("secret");
    for (const { which, secret } of secrets) if (secret !== undefined) live(which, secret);
    const numbers = stats();
    must(numbers.inUse === 0, `${numbers.inUse} secrets are in use after all were closed`);
    must(numbers.openWindows === 0, `${numbers.openWindows} windows are open`);
    step("random", () => Secret.random(32, options).close());
    repeat(options);
    const grown = locked() - lockedBefore;
    const { lockedBytes } = stats();
    must(grown === lockedBytes, `${lockedBytes} bytes are said to be locked, not ${grown}`);
    const left = attempt(() => Secret.from(content(SIZES.page), options)).value;
    step("purge", purge);
    must(left?.isClosed !== false, "purge: a secret is not closed");
    if (given.hardening) step("harden", harden);
  }
  const known = capabilities();
  must(loaded === undefined || stats().inUse === 0, "capabilities() left a secret");
  return { steps, statuses, capabilities: known, lost, faults, recorded: kinds(recorded()) };
}

/** One call of each kind: addresses and lengths make no kind. */
function kinds(calls: readonly RecordedCall[]): RecordedCall[] {
  const small = (number: number) => number < 1 << 20 ? number : -1;
  const found = new Map<string, RecordedCall>();
  for (const call of calls) {
    const key = [call.name, ...call.arguments.slice(2).map(small)].join();
    if (!found.has(key)) found.set(key, call);
  }
  return [...found.values()];
}

parentPort?.on("message", (given: Case) => {
  try {
    parentPort?.postMessage({ observed: observe(given) });
  } catch (error) {
    parentPort?.postMessage({ thrown: `${error}\n${(error as Error).stack}` });
  }
});
