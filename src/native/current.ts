/**
 * The runtime this is running on: the one place that knows all three.
 *
 * @module
 */
import { bun } from "./bun.ts";
import { deno } from "./deno.ts";
import { node } from "./node.ts";
import type { Runtime } from "./runtime.ts";

let known: Runtime | undefined;

/** The runtime, or `undefined` where there is no FFI. */
export function currentRuntime(): Runtime | undefined {
  // Deno first: what the others ask for takes it 10 ms to make.
  return known ??= deno() ?? bun() ?? node();
}
