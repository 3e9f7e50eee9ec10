/**
 * One `Deno` on all three runtimes: Deno's own, and @deno/shim-deno on Bun and Node.
 *
 * @module
 */
import type { Deno as Shim } from "@deno/shim-deno";

/** The parts that both the real one and the shim have. */
type Common = Pick<
  typeof Shim,
  | "args"
  | "build"
  | "exit"
  | "loadavg"
  | "mkdirSync"
  | "osRelease"
  | "readTextFileSync"
  | "writeTextFileSync"
>;

const own = (globalThis as { Deno?: Common }).Deno;

/** Files, arguments and the machine, by one API. */
export const Deno: Common = own ?? (await import("@deno/shim-deno")).Deno;
