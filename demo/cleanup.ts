/**
 * What has to be undone whatever happens: the normal end, a failure, Ctrl-C.
 *
 * @module
 */
import process from "node:process";

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** A stack that is disposed by `using`, and else when the process exits or is told to end. */
export function cleanupStack(): DisposableStack {
  const stack = new DisposableStack();
  process.once("exit", () => stack.dispose());
  for (const [signal, number] of Object.entries(SIGNALS)) {
    process.once(signal, () => {
      stack.dispose();
      process.exit(128 + number);
    });
  }
  // Whoever read the output has gone (`| head`): then so does this.
  process.stdout.on("error", () => process.exit(1));
  return stack;
}
