/**
 * What is said of a secret that was collected without having been closed.
 *
 * @module
 */
import type { LeakReport } from "./option_types.ts";

/** The report; `origin` was made where the secret was made. */
export function reportOf(
  length: number,
  label: string | undefined,
  origin: Error | undefined,
  kind = "secret",
): LeakReport {
  const article = /^[aeiou]/.test(kind) ? "an" : "a";
  const name = label === undefined ? `${article} ${kind}` : `the ${kind} "${label}"`;
  return {
    message: `SecureMemory: ${name} of ${length} bytes was collected without having been closed`,
    label,
    length,
    stack: origin?.stack,
  };
}
