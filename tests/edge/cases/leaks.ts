/** Secrets that nobody closed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { configure, type LeakReport, Secret, stats } from "../../../edge.ts";

const host = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } };
const collect = host.gc ?? (host.Bun === undefined ? undefined : () => host.Bun?.gc(true));

test("a secret that nobody closed is wiped, counted and reported when it is collected", {
  skip: collect === undefined ? "this runtime collects when it likes" : false,
}, async () => {
  const reports: LeakReport[] = [];
  configure({ onLeak: (leak) => void reports.push(leak) });
  const { leaked, inUse } = stats();
  const leave = () => {
    for (let count = 0; count < 50; count++) Secret.random(32, { label: "left" });
  };
  leave();
  assert.equal(stats().inUse, inUse + 50);
  // Those of the tests before may be collected as well.
  const ours = () => reports.find(({ message }) => message.includes('"left"'));
  for (let round = 0; round < 100 && ours() === undefined; round++) {
    collect?.();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  configure({ onLeak: undefined });
  const gone = stats().leaked - leaked;
  assert.ok(gone > 0);
  assert.equal(stats().inUse, inUse + 50 - gone);
  assert.match(ours()?.message ?? "", /the secret "left" of 32 bytes was collected without/);
  assert.match(ours()?.stack ?? "", /made here/);
});
