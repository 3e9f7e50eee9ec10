/**
 * Waiting for the idle rule of protection keys. Makes no secret, so that children can
 * count what theirs cost.
 *
 * @module
 */
import { setTimeout } from "node:timers/promises";
import { stats } from "../../mod.ts";

/** Waits until no page carries a protection key; 3 seconds at most. */
export async function untilIdle(): Promise<void> {
  for (let pause = 0; pause < 300 && stats().keyedSecrets > 0; pause++) await setTimeout(10);
  if (stats().keyedSecrets > 0) throw new Error("Pages at rest still carry a protection key");
}
