/**
 * Closing what sleeps.
 *
 * @module
 */
import { type Asleep, isAsleepClosed } from "../asleep.ts";
import { failure } from "../native/failure.ts";
import { named } from "../redact.ts";

/**
 * Wipes a secret that sleeps: no window is open and no view is there, so it is gone at once.
 *
 * @throws {CorruptionError} If a canary was damaged.
 */
export function closeAsleep(asleep: Asleep, handle: number): void {
  const { pool, net } = asleep;
  // It was closed before.
  if (pool === undefined) return;
  const gone = isAsleepClosed(asleep);
  const { library } = pool;
  const destroyed = library.calls.securememory_destroy(handle);
  const released = library.calls.securememory_release(handle);
  net?.closed(handle);
  const result = destroyed < 0 ? destroyed : released;
  if (result >= 0 || gone) return;
  const name = named(pool.label, asleep.length);
  throw failure(library, result, `Cannot close ${name} in good order`);
}
