/**
 * Skips that are counted and say why. `REQUIRE=memlock,valgrind` turns those into failures.
 *
 * @module
 */
import process from "node:process";

const required = new Set((process.env.REQUIRE ?? "").split(",").filter((name) => name !== ""));

/** The option `skip` of a test that needs something this host may lack. */
export function unless(name: string, available: boolean, reason: string): string | false {
  if (available) return false;
  if (!required.has(name)) {
    // Only Node's reporter prints the reason of a skipped test.
    console.log(`skipped: ${name}: ${reason}`);
    return `${name}: ${reason}`;
  }
  throw new Error(`REQUIRE names "${name}", which is missing here: ${reason}`);
}
