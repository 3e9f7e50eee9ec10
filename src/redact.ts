/**
 * What a secret shows of itself: its length.
 *
 * @module
 */

/** The one text that a secret, or a window on one, turns into. */
export function redacted(length: number, name = "Secret"): string {
  return `${name}(${length} ${length === 1 ? "byte" : "bytes"})`;
}

/** What an error says of which secret it was. */
export function named(label: string | undefined, length: number): string {
  const bytes = `${length} ${length === 1 ? "byte" : "bytes"}`;
  return label === undefined ? `the secret of ${bytes}` : `the secret "${label}" of ${bytes}`;
}

/** Inspectors call these methods: Node's and Bun's the first, Deno's the second. */
const INSPECTORS = [Symbol.for("nodejs.util.inspect.custom"), Symbol.for("Deno.customInspect")];

/** Makes every inspector show what `toString` returns, also with `showHidden`. */
export function hideFromInspectors(prototype: { toString(): string }): void {
  for (const inspect of INSPECTORS) {
    Object.defineProperty(prototype, inspect, {
      value(this: { toString(): string }): string {
        return this.toString();
      },
    });
  }
}
