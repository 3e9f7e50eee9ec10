/**
 * How thorough the suite of other architectures is to be: see scripts/test.mjs.
 *
 * @module
 */
import process from "node:process";

/** With nothing from caches, as `npm run test:arch` runs it; else what is quick enough for `npm test`. */
export const WHOLE: boolean = process.env.SECUREMEMORY_TEST_ARCH !== "brief";
