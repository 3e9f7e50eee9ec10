/**
 * A receiver of signed webhooks that keeps its signing key out of the JavaScript heap, and
 * shows that it does. `npm run demo`, or `node scripts/demo.mjs bun|deno|node|all`.
 *
 * @module
 */
import process from "node:process";
import type { Secret } from "../mod.ts";
import { cleanupStack } from "./cleanup.ts";
import { BATCHES, measureCost, ROUNDS } from "./cost.ts";
import { showPage, showStatus, showStrayRead } from "./kernel.ts";
import { loadKey } from "./key_file.ts";
import { Observer } from "./observing.ts";
import { Receiver } from "./receiver.ts";
import { count, Report } from "./report.ts";
import { RUNTIME_TITLE } from "./runtime.ts";
import { serve } from "./server/server.ts";
import { showTraffic } from "./traffic.ts";

const SECONDS_MAX = 18;

async function demo(keyFile: string, report: Report): Promise<void> {
  using cleanup = cleanupStack();

  report.title(`SecureMemory: a webhook receiver on ${RUNTIME_TITLE}, ${process.platform}`);

  report.section("1. The signing key");
  const { key, mode } = loadKey(keyFile);
  cleanup.use(key);
  report.table([
    ["key file", `${key.length} bytes, mode ${(mode & 0o777).toString(8)}, ${keyFile}`],
    ["in JavaScript", `${key}`],
    ["read by", "the system, straight into the page"],
    ["secret.status()", describe(key)],
  ]);

  report.section("2. What the kernel says of the key's page");
  let observer: Observer | undefined;
  if (process.platform === "linux") {
    observer = new Observer(keyFile, cleanup);
    await showPage(key, observer, report);
  } else {
    showStatus(key, report);
  }

  report.section("3. A stray read");
  await showStrayRead(report, cleanup);

  report.section("4. Webhooks");
  const receiver = new Receiver(key);
  const server = await serve((body, signature) => receiver.receive(body, signature));
  cleanup.defer(() => server.stop());
  await showTraffic({ key, receiver, server, keyFile, observer }, report, cleanup);

  report.section("5. What a window costs");
  const { window, floor } = measureCost(key);
  report.text(`The best of ${BATCHES} batches of ${count(ROUNDS)}, the two in turn.`, "");
  report.table([
    ["withBytes, one byte read", `${count(window)} ns`],
    ["mprotect pair, native loop", floor === undefined ? "not built here" : `${count(floor)} ns`],
    ["on top of the pair", floor === undefined ? "" : `${count(window - floor)} ns`],
  ]);
  observer?.end();
}

function describe(key: Secret): string {
  const { store, gate, guarded, excludedFromDumps, fork } = key.status();
  return [
    `${store} store`,
    `${gate} gate`,
    ...(guarded ? ["guarded"] : []),
    ...(excludedFromDumps ? ["not in core dumps"] : []),
    `${fork} on fork`,
  ].join(", ");
}

const [keyFile] = process.argv.slice(2);
if (keyFile === undefined) {
  throw new TypeError("Cannot start: name the key file, or use npm run demo");
}
const report = new Report();
setTimeout(() => {
  console.error(`The demo took more than ${SECONDS_MAX} seconds`);
  process.exit(1);
}, SECONDS_MAX * 1000).unref();
await demo(keyFile, report);
process.exitCode = report.conclude() ? 0 : 1;
