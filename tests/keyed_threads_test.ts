/** Keyed operations of several threads on the same secrets: nobody waits for ever, or for long. */
import assert from "node:assert/strict";
import { runScript } from "./support/child.ts";
import { environmentOf, testOnGates } from "./support/rungs.ts";

/** After this a child is ended, which fails its test. */
const LIMIT_MS = 60_000;

function testOn(name: string, what: string): void {
  testOnGates(name, async (rungs) => {
    const { status, signal, stdout, stderr } = await runScript("tests/children/keyed_threads.ts", {
      args: [what],
      env: environmentOf(rungs),
      timeoutMs: LIMIT_MS,
    });
    assert.deepEqual(
      { status, signal, stdout },
      { status: 0, signal: null, stdout: "done\n" },
      stderr,
    );
  });
}

testOn("A is encrypted under B while other threads encrypt B under A", "crossed");
testOn("a secret is encrypted under itself, in one thread and in several", "itself");
testOn("while another thread purges, operations succeed or are a SecretClosedError", "purged");
testOn("a purge of another thread does not wait for Argon2id, and nothing is made", "password");
