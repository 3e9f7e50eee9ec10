/**
 * The rungs that there are, whatever this host has.
 *
 * @module
 */

/** Stores that a page can come from. */
export const STORES = ["locked", "secretmem"] as const;

/** One of {@linkcode STORES}. */
export type Store = typeof STORES[number];

/** Gates that a page can be opened by. */
export const GATES = ["mprotect", "pkey"] as const;

/** One of {@linkcode GATES}. */
export type Gate = typeof GATES[number];
