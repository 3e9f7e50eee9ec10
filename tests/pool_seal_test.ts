/**
 * What is sealed in a pool and was changed: see children/pool_boxes.ts, which runs with the library
 * that says where boxes are.
 */
import { test } from "node:test";
import { passes, withoutFaults } from "./support/faults.ts";
import { environmentOf, EVERY_RUNG, nameOf } from "./support/rungs.ts";

for (const { skip, ...rungs } of EVERY_RUNG) {
  test(`changed, foreign and replayed boxes are refused, nothing is opened (${nameOf(rungs)})`, {
    skip: withoutFaults || skip,
  }, () => passes("pool_boxes.ts", environmentOf(rungs)));
}
