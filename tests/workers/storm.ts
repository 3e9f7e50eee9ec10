/**
 * One of the Workers of a storm: windows on a shared secret, nested at random, updates
 * at random, until it has made enough of them or the secret is closed.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import { Secret, SecretBusyError, SecretClosedError, type SharedSecret } from "../../mod.ts";

/** What a storm worker is told. */
export interface Task {
  readonly ticket: SharedSecret;
  /** Windows to open, nested ones included. */
  readonly windows: number;
  readonly seed: number;
  /** Share of updates, of 1024. */
  readonly updates: number;
  /** Close the secret after so many windows; 0 never. */
  readonly closeAfter: number;
}

/** What it reports. */
export interface Result {
  readonly windows: number;
  readonly updates: number;
  readonly busy: number;
  readonly wrong: number;
  readonly closed: boolean;
}

parentPort?.on("message", (task: Task) => parentPort?.postMessage(work(task)));

function work({ ticket, windows, seed, updates, closeAfter }: Task): Result {
  const random = generator(seed);
  const result = { windows: 0, updates: 0, busy: 0, wrong: 0, closed: false };
  let secret: Secret;
  try {
    secret = Secret.attach(ticket);
  } catch (error) {
    if (error instanceof SecretClosedError) return { ...result, closed: true };
    throw error;
  }

  const nest = (depth: number): void => {
    secret.withBytes((bytes) => {
      result.windows += 1;
      // Every byte is equal at all times that a reader may look.
      if (bytes[0] !== bytes[31]) result.wrong += 1;
      if (depth > 0) nest(depth - 1);
    });
  };
  const update = (): void => {
    secret.update((bytes) => {
      result.windows += 1;
      for (let index = 0; index < bytes.length; index++) {
        bytes[index] = (bytes[index] as number) + 1;
      }
    });
    result.updates += 1;
  };

  while (result.windows < windows) {
    if (closeAfter > 0 && result.windows >= closeAfter) secret.close();
    try {
      if (random(1024) < updates) update();
      else nest(random(4) === 0 ? random(5) : 0);
    } catch (error) {
      if (error instanceof SecretBusyError) result.busy += 1;
      else if (error instanceof SecretClosedError) return { ...result, closed: true };
      else throw error;
    }
  }
  return result;
}

/** Whole numbers below a limit, the same for the same seed (a linear congruential generator). */
function generator(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % limit;
  };
}
