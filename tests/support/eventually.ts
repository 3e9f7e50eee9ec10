/**
 * Waiting for what a timer or another thread does.
 *
 * @module
 */

/** Whether it comes to hold; half a minute at most, since a busy host may let nothing run for long. */
export async function eventually(holds: () => boolean): Promise<boolean> {
  const end = Date.now() + 30_000;
  while (!holds() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
  return holds();
}
