/**
 * Which runtime this is.
 *
 * @module
 */
import process from "node:process";

export type Runtime = "bun" | "deno" | "node";

/** Bun and Deno call themselves Node too, so they are asked for first. */
export const RUNTIME: Runtime = process.versions.bun !== undefined
  ? "bun"
  : process.versions.deno !== undefined
  ? "deno"
  : "node";

/** In an executable of `bun build --compile` there are no other files: see one_file.ts. */
export const IN_ONE_FILE: boolean = import.meta.url.includes("/$bunfs/");

/** Such as `Bun 1.4.5`. */
export const RUNTIME_TITLE = `${{ bun: "Bun", deno: "Deno", node: "Node" }[RUNTIME]} ${
  process.versions[RUNTIME]
}`;
