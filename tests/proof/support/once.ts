/**
 * Measurements that several tests look at.
 *
 * @module
 */

/** Measures when it is first asked, and never again; a failure fails every test that asks. */
export function once<T>(measure: () => Promise<T>): () => Promise<T> {
  let measured: Promise<T> | undefined;
  return () => measured ??= measure();
}
