/**
 * The end of a Worker: what it has kept open of enclaves is its own, and nobody else would close it.
 *
 * @module
 */
import { hostProcess } from "../native/process.ts";

interface ExitProcess {
  once(event: "exit", listener: () => void): void;
}

/** Calls `end` when this Worker ends by itself. On the main thread the library's own end comes then. */
export function atWorkerEnd(end: () => void): void {
  if (!isMainThread()) (hostProcess() as unknown as ExitProcess | undefined)?.once("exit", end);
}

function isMainThread(): boolean {
  // On Deno a look at its `process` takes 10 ms, and Node's module takes Workers of the web for the main thread.
  if ("Deno" in globalThis) return Object.prototype.toString.call(globalThis) === "[object Window]";
  const threads = hostProcess()?.getBuiltinModule("node:worker_threads") as
    | { readonly isMainThread: boolean }
    | undefined;
  return threads?.isMainThread !== false;
}
