/**
 * The kernel's core dump of a process that SIGABRT has ended.
 *
 * @module
 */
import { describe } from "node:test";
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { READERS } from "./expected.ts";
import { CORE_WRAPPER, withoutCore } from "./support/core_dumps.ts";
import { itIsACoreDump } from "./support/core_reader.ts";
import { withHolder } from "./support/holder.ts";
import { observeFile } from "./support/observer.ts";
import { once } from "./support/once.ts";

const measure = once(() =>
  withHolder({ wrapper: CORE_WRAPPER }, async ({ folder, tokens, end }) => {
    const before = new Set(readdirSync(folder));
    await end("SIGABRT");
    const left = readdirSync(folder).filter((name) => !before.has(name));
    assert.equal(left.length, 1, `the kernel left no core dump: ${left}`);
    return observeFile(join(folder, left[0] as string), tokens);
  })
);

describe(READERS.core.title, () => {
  itIsACoreDump("core", withoutCore, measure);
});
