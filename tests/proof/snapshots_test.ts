/**
 * Heap snapshots of the engines, taken in a window. They are JSON: their strings are
 * searched as Latin-1 and as UTF-16, whatever the file spells them in.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { RUNTIME } from "../support/child.ts";
import { type ReaderName, READERS } from "./expected.ts";
import { withHolder } from "./support/holder.ts";
import { type Answer, observeFile } from "./support/observer.ts";
import { once } from "./support/once.ts";
import { assertControl, assertOutcomes } from "./support/outcome.ts";
import { EVERY_RUNG } from "../support/rungs.ts";
import { withoutWay } from "./support/tracing.ts";

const READER: ReaderName = RUNTIME === "bun" ? "jsc" : "v8";
const FILES = RUNTIME === "bun" ? ["v8.json", "jsc.json"] : ["v8.json"];

/** All strings of a snapshot, wherever they stand in it. */
function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  // Nodes and edges: numbers by the million.
  if (Array.isArray(value) && typeof value[0] === "number") return [];
  return Object.values(value).flatMap(strings);
}

const measured = once(() =>
  withHolder(
    { snapshots: true },
    ({ tokens, report }) =>
      new Map(report.snapshots.map((path): [string, Answer] => {
        const file = readFileSync(path);
        const text = strings(JSON.parse(file.toString("utf8"))).join("\n");
        writeFileSync(
          path,
          Buffer.concat([file, Buffer.from(text, "latin1"), Buffer.from(text, "utf16le")]),
        );
        return [basename(path), observeFile(path, tokens)];
      })),
  )
);

for (const file of FILES) {
  describe(`${READERS[READER].title}: ${file}`, () => {
    const skip = withoutWay("mem");
    const measure = async () => {
      const answers = await measured();
      assert.deepEqual([...answers.keys()], FILES);
      return answers.get(file) as Answer;
    };

    it("has the control in every form", { skip }, async () => assertControl(await measure()));

    for (const rung of EVERY_RUNG) {
      it(`has what is expected of ${rung.store}, ${rung.gate}`, {
        skip: skip || rung.skip,
      }, async () => assertOutcomes(READER, rung, await measure()));
    }
  });
}
