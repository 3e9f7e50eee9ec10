/**
 * Purging when the process is told to end by a signal. Opt-in: signals are the
 * application's, and nothing else of this library touches them.
 *
 * @module
 */
import { describe } from "./arguments.ts";
import { UnsupportedError } from "./errors.ts";
import { hostProcess } from "./native/process.ts";
import { purge } from "./process_wide.ts";

/** Options of {@linkcode purgeOnSignals}. */
export interface SignalOptions {
  /**
   * Whether a signal that no other listener of `process` handles ends the process after the
   * purge, as it would have without. Default `true`. Say `false` where the application
   * handles it in a way that `process` cannot see, such as `Deno.addSignalListener`.
   */
  defaultAction?: boolean;
}

/** What of the `process` global is used here; all three runtimes have it. */
interface Signals {
  readonly pid: number;
  prependListener(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
  rawListeners(event: string): readonly unknown[];
  listenerCount(event: string): number;
  kill(pid: number, signal: string): unknown;
  emitWarning(warning: Error): void;
  getBuiltinModule(name: string): unknown;
}

// deno-lint-ignore no-explicit-any -- the events of `process` have parameters of all kinds.
type Listener = (...parameters: any[]) => void;

/**
 * Signals that ask a process to end, and whose default action does that. Others are not
 * offered: SIGKILL and SIGSTOP reach nobody; what a fault raises (SIGSEGV) finds a process
 * that can run no JavaScript; the rest does not end a process, or a runtime ignores it
 * (SIGPIPE), so there would be a default action to put back that is not the system's.
 */
const ENDING: ReadonlySet<string> = new Set([
  "SIGALRM",
  "SIGBREAK",
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGXCPU",
]);

/** One listener for each signal, however often it was asked for. */
interface Watch {
  readonly listener: Listener;
  /** How the default action was asked for, once for each guard. */
  readonly guards: Set<{ readonly defaultAction: boolean }>;
}

const watches = new Map<string, Watch>();

/** The signal whose listener went away a moment ago: `once` takes it away before it calls it. */
let justRemoved: string | undefined;

/**
 * Wipes and closes every secret, as {@linkcode purge} does, when one of the signals
 * arrives, before any other listener of `process` runs. Everything else happens as without
 * it: those listeners run as before, and a signal that has none ends the process by its
 * default action, so that whoever waits for the process sees that signal.
 *
 * Like every listener it runs once the event loop is free. Until then the process does not
 * end either, however busy it is: that is what any listener for a signal changes. It keeps
 * no event loop alive. Calling it again adds to what it did before.
 *
 * Deno: listeners run in the order in which they were added, so those that were there
 * before run before the purge. Those of `Deno.addSignalListener` cannot be seen from here: if
 * the application has no others, pass `defaultAction: false`, or they would be called twice.
 * Windows: only the signals that the runtime has there (SIGINT, SIGBREAK, SIGHUP).
 *
 * @param signals Names, such as `"SIGTERM"`. The default action of each has to be that the
 * process ends.
 * @returns Disposing of it takes back what this call did.
 * @throws {TypeError} If the signals are not an array of strings.
 * @throws {UnsupportedError} If the system has no such signal, if it is none that asks a
 * process to end, or in a Worker, which signals do not reach. Then nothing was done.
 *
 * @example Usage
 * ```ts
 * import { purgeOnSignals } from "@securememory/core";
 *
 * using _guard = purgeOnSignals(["SIGINT", "SIGTERM"]);
 * ```
 */
export function purgeOnSignals(
  signals: readonly string[],
  options: SignalOptions = {},
): Disposable {
  const guard = { defaultAction: checkOptions(options) };
  const host = hostProcess() as unknown as Signals | undefined;
  const names = new Set(check(signals, host));
  const done: string[] = [];
  const undo = () => {
    for (const name of done.splice(0)) unwatch(host as Signals, name, guard);
  };
  try {
    for (const name of names) {
      watch(host as Signals, name, guard);
      done.push(name);
    }
  } catch (cause) {
    undo();
    throw new UnsupportedError(
      `Cannot purge on ${[...names].join(", ")}: this runtime cannot listen to one of them here`,
      { cause },
    );
  }
  return { [Symbol.dispose]: undo };
}

function watch(host: Signals, name: string, guard: { readonly defaultAction: boolean }): void {
  const known = watches.get(name);
  if (known !== undefined) {
    known.guards.add(guard);
    return;
  }
  const listener = () => arrived(host, name);
  host.prependListener(name, listener);
  if (watches.size === 0) {
    host.prependListener("newListener", noteAdded);
    host.prependListener("removeListener", noteRemoved);
  }
  watches.set(name, { listener, guards: new Set([guard]) });
}

function unwatch(host: Signals, name: string, guard: { readonly defaultAction: boolean }): void {
  const known = watches.get(name);
  if (known === undefined) return;
  known.guards.delete(guard);
  if (known.guards.size === 0) forget(host, name, known);
}

function forget(host: Signals, name: string, { listener }: Watch): void {
  watches.delete(name);
  if (watches.size === 0) {
    host.off("newListener", noteAdded);
    host.off("removeListener", noteRemoved);
  }
  host.off(name, listener);
}

function arrived(host: Signals, name: string): void {
  const known = watches.get(name);
  if (known === undefined) return;
  // One of `once` that ran before is counted no more, but it was there.
  const others = host.listenerCount(name) > 1 || justRemoved === name;
  try {
    purge();
  } catch (error) {
    // Thrown here it would keep the other listeners from running; the bytes are gone.
    host.emitWarning(error as Error);
  }
  if (others || [...known.guards].some(({ defaultAction }) => !defaultAction)) return;
  forget(host, name, known);
  host.kill(host.pid, name);
}

/** Somebody may have put a listener before ours. Bun and Node call them in their order. */
function noteAdded(name: string): void {
  if (!watches.has(name)) return;
  queueMicrotask(() => {
    const listener = watches.get(name)?.listener;
    const host = hostProcess() as unknown as Signals;
    if (listener === undefined || host.rawListeners(name)[0] === listener) return;
    host.off(name, listener);
    host.prependListener(name, listener);
  });
}

function noteRemoved(name: string, listener: Listener): void {
  if (watches.get(name)?.listener === listener) return;
  justRemoved = name;
  // Deno calls each listener in a turn of its own.
  setTimeout(() => justRemoved = undefined);
}

function checkOptions(options: SignalOptions): boolean {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot use the options: they must be an object, current value is ${describe(options)}`,
    );
  }
  const { defaultAction = true } = options;
  if (typeof defaultAction === "boolean") return defaultAction;
  throw new TypeError(
    "Cannot use the option defaultAction: it must be a boolean, current value is " +
      describe(defaultAction),
  );
}

function check(signals: readonly string[], host: Signals | undefined): readonly string[] {
  if (!Array.isArray(signals) || signals.some((name) => typeof name !== "string")) {
    throw new TypeError(
      `Cannot purge on signals: they must be an array of names, current value is ${
        describe(signals)
      }`,
    );
  }
  if (host === undefined) {
    throw new UnsupportedError("Cannot purge on signals: there are none here");
  }
  const { isMainThread } = host.getBuiltinModule("node:worker_threads") as {
    isMainThread: boolean;
  };
  if (!isMainThread) {
    throw new UnsupportedError(
      "Cannot purge on signals in a Worker: they reach the main thread alone. Call it there",
    );
  }
  const { constants } = host.getBuiltinModule("node:os") as {
    constants: { signals: Record<string, number> };
  };
  for (const name of signals) {
    if (!Object.hasOwn(constants.signals, name)) {
      throw new UnsupportedError(`Cannot purge on the signal "${name}": this system has none`);
    }
    if (!ENDING.has(name)) {
      throw new UnsupportedError(
        `Cannot purge on the signal "${name}": it must be one that asks a process to end: ` +
          [...ENDING].join(", "),
      );
    }
  }
  return signals;
}
