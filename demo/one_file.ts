/**
 * The demo as an executable of one file, which starts itself in the place of its scripts:
 *
 *     bun build --compile demo/one_file.ts --outfile=demo-app
 *     ./demo-app KEY_FILE
 *
 * @module
 */
import process from "node:process";

/** What the first argument may name: see `start`. Literal specifiers, for a bundler to see. */
const SCRIPTS: Readonly<Record<string, () => Promise<unknown>>> = {
  "observer.ts": () => import("./observer.ts"),
  "sender.ts": () => import("./sender.ts"),
  "stray.ts": () => import("./stray.ts"),
};

const script = SCRIPTS[process.argv[2] ?? ""];
if (script !== undefined) process.argv.splice(2, 1);
await (script ?? (() => import("./main.ts")))();
