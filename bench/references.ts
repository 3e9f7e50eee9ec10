/**
 * Names of what rows are compared with: apart from what measures them, so that who draws them loads
 * no library.
 *
 * @module
 */

/** The same thing on a secret with a page of its own. */
export const OWN_PAGE = "own page";
/** A window on such a secret. */
export const WINDOW = "window";
