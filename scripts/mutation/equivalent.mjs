/**
 * Mutants that no test can catch, and why: each is run all the same, and if a test does
 * catch it, its entry here is wrong and the run fails.
 *
 * `part` is the line or the part of it as `--list` shows it, `nth` which of several equal
 * ones in the file (default: all of them).
 */
export const equivalent = [];
