/**
 * A thread beside others that use the same secrets: encrypts, or purges, when all are ready.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import process from "node:process";
import { purge, Secret, type SharedSecret } from "../../mod.ts";

/** What a thread is told. */
export interface Job {
  /** How many are ready, whether they may begin, whether they are to stop. */
  readonly signs: SharedArrayBuffer;
  /** The one secret under the other, so often. */
  readonly encrypt?: {
    readonly key: SharedSecret;
    readonly text: SharedSecret;
    readonly rounds: number;
  };
  /** As soon as the process has become so much larger, or over and over. */
  readonly purge?: { readonly growth: number } | "over and over";
}

/** Places of the signs. */
export const READY = 0;
export const GO = 1;
export const STOP = 2;

/** Encrypts, and looks now and then whether the box is right. */
export function encryptRounds(key: Secret, text: Secret, rounds: number): number {
  for (let round = 0; round < rounds; round++) {
    const box = key.encrypt(text);
    if (round % 20 !== 0) continue;
    using same = key.decrypt(box, { as: "secret" });
    if (!same.equals(text)) throw new Error("The box has other bytes");
  }
  return rounds;
}

const pause = (milliseconds: number) =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

function work({ signs: shared, encrypt, purge: how }: Job): number {
  const signs = new Int32Array(shared);
  const secrets = encrypt && [Secret.attach(encrypt.key), Secret.attach(encrypt.text)] as const;
  const before = process.memoryUsage().rss;
  // The native library is there before it is needed.
  Secret.random(1).close();
  Atomics.add(signs, READY, 1);
  while (Atomics.load(signs, GO) === 0) pause(1);
  if (encrypt && secrets) return encryptRounds(...secrets, encrypt.rounds);
  if (how === "over and over") {
    let purges = 0;
    for (; Atomics.load(signs, STOP) === 0; purges++) {
      purge();
      pause(1);
    }
    return purges;
  }
  const growth = how?.growth ?? 0;
  while (process.memoryUsage().rss < before + growth && Atomics.load(signs, STOP) === 0) pause(1);
  // The memory is there: the password is hashed in no time.
  pause(30);
  purge();
  return 1;
}

parentPort?.on("message", (job: Job) => parentPort?.postMessage(work(job)));
