import assert from "node:assert/strict";
import { test } from "node:test";
import { patience } from "./support/child.ts";
import { moduleUrl, reported, runReporting } from "./support/report.ts";
import { HAS_SMAPS } from "./support/host.ts";
import { unless } from "./support/skip.ts";

test("a timer that was let go of does not keep the process alive, and still runs", async () => {
  const started = Date.now();
  const outcome = await runReporting(`
    import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
    const { unref } = detectRuntime();
    unref(setTimeout(() => console.log("too late"), 30_000));
    unref(setTimeout(() => console.log("in time"), 1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    console.log("end");
  `);
  assert.deepEqual([outcome.stdout, outcome.status], ["in time\nend\n", 0], outcome.stderr);
  assert.ok(Date.now() - started < 25_000);
});

test("the key that a Worker opened, which ended, is closed by a thread that had used it", {
  skip: unless("proc", HAS_SMAPS, "there is no /proc/self/smaps"),
}, async () => {
  // By the environment, for the Worker as well: closed pages of the gate pkey look readable.
  const seen = await reported<{ opened: number; left: number; closed: number }>(
    `
    import { setTimeout as sleep } from "node:timers/promises";
    import { eventually } from ${moduleUrl("tests/support/eventually.ts")};
    import { vmas } from ${moduleUrl("tests/support/smaps.ts")};
    import { startWorker } from ${moduleUrl("tests/support/worker.ts")};
    const { configure, Enclave } = securememory;
    configure({ idleTimeout: 40, enclaveSlots: 0 });
    // Pages of secrets: nothing else is locked.
    const readable = () =>
      vmas(process.pid).filter(({ permissions, flags }) =>
        permissions.startsWith("r") && flags.includes("lo")
      ).length;
    const settled = async () => (await eventually(() => readable() === 0), readable());
    const enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
    const opened = readable();
    /** From here on this thread has nothing in use. */
    const openInWorker = async () => {
      const worker = startWorker(new URL(${moduleUrl("tests/workers/enclave.ts")}));
      const ask = async (order) => (worker.post(order), await worker.receive());
      await ask({ do: "configure", timeout: 60_000, slots: 0 });
      await ask({ do: "attach", ticket: enclave.share() });
      await settled();
      await sleep(100);
      await ask({ do: "read" });
      await worker.stop();
      return readable();
    };
    let left = 0;
    // Unless this thread happened to look meanwhile: on a busy host a Worker takes long.
    for (let idleTimeout = 40; left === 0 && idleTimeout < ${patience(2000)}; idleTimeout *= 2) {
      configure({ idleTimeout });
      left = await openInWorker();
    }
    report({ opened, left, closed: await settled() });
  `,
    { env: { SECUREMEMORY_STORE: "locked", SECUREMEMORY_GATE: "mprotect" } },
  );
  assert.deepEqual(seen, { opened: 2, left: 2, closed: 0 });
});
