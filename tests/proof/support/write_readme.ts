/**
 * Writes README.md's tables of readers: `npm run readme`.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { ROOT } from "../../support/child.ts";
import { withTables } from "./table.ts";

const path = `${ROOT}README.md`;
writeFileSync(path, withTables(readFileSync(path, "utf8")));
