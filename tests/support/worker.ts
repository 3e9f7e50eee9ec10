/**
 * Workers of a test: one helper for all three runtimes. A worker's script imports
 * `parentPort` from `node:worker_threads` and answers by `parentPort.postMessage`.
 *
 * @module
 */
import { Worker } from "node:worker_threads";

/** A Worker whose messages are waited for one by one. */
export interface TestWorker {
  /** Sends a message; the worker's `parentPort` gets it. */
  post(message: unknown): void;
  /** The next message of the worker, in order. Rejects if it failed or ended instead. */
  receive(): Promise<unknown>;
  /** Ends the worker, wherever it is. */
  stop(): Promise<void>;
}

/** Starts a worker: `startWorker(new URL("./workers/echo.ts", import.meta.url))`. */
export function startWorker(url: URL): TestWorker {
  const worker = new Worker(url);
  const arrived: unknown[] = [];
  const waiting: { resolve(message: unknown): void; reject(reason: Error): void }[] = [];
  let ended: Error | undefined;

  const end = (reason: Error) => {
    ended ??= reason;
    for (const { reject } of waiting.splice(0)) reject(ended);
  };
  worker.on("message", (message: unknown) => {
    const next = waiting.shift();
    if (next === undefined) arrived.push(message);
    else next.resolve(message);
  });
  worker.on("error", (error: unknown) => {
    end(error instanceof Error ? error : new Error("The worker failed", { cause: error }));
  });
  worker.on("exit", (code: number) => end(new Error(`The worker ended with code ${code}`)));

  return {
    post(message: unknown): void {
      worker.postMessage(message);
    },
    receive(): Promise<unknown> {
      if (arrived.length > 0) return Promise.resolve(arrived.shift());
      if (ended !== undefined) return Promise.reject(ended);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    async stop(): Promise<void> {
      await worker.terminate();
    },
  };
}

/** Works with a worker and ends it, whatever happens. */
export async function withWorker<T>(url: URL, use: (worker: TestWorker) => Promise<T>): Promise<T> {
  const worker = startWorker(url);
  try {
    return await use(worker);
  } finally {
    await worker.stop();
  }
}
