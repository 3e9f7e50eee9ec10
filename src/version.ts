/**
 * The version of the package: a test compares it with the manifests.
 *
 * @module
 */

/** As in package.json and deno.json. */
export const VERSION = "0.1.0";
