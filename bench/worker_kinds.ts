/**
 * What the loops of Workers run on.
 *
 * @module
 */

/** Bare system calls, a secret of the Worker's own, and one that all have. */
export const KINDS = ["floor", "own", "shared"] as const;
export type Kind = (typeof KINDS)[number];

/** Instead of a kind: a Worker is done. */
export const END = -1;
