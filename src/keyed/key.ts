/**
 * Keys of keyed operations.
 *
 * @module
 */
/**
 * @throws {RangeError} If the secret is no key for an algorithm, by its length.
 */
export function requireKeyLength(
  cell: { readonly length: number },
  wanted: number,
  algorithm: string,
  action: string,
): void {
  if (cell.length === wanted) return;
  throw new RangeError(
    `${action}: a key of ${algorithm} has ${wanted} bytes, current value is ${cell.length}`,
  );
}
