/**
 * What "least recently used" is measured by: a count that goes on when a secret wakes, not with every
 * window, which must cost no more than on any secret. Windows stamp what it shows.
 *
 * @module
 */

/** The count of this thread. */
export let now = 0;

/** A secret wakes. */
export function advance(): void {
  now += 1;
}
