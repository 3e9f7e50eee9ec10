/**
 * A Worker that was terminated inside a window never gives it back: nobody waits for ever.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret, SecretBusyError } from "../mod.ts";
import * as state from "../src/state.ts";

/** Words that another thread's window leaves behind. */
const LEFT_BEHIND = {
  "while it opened": state.CHANGING + 1,
  "with a read-write window open": state.WRITER + 1,
};

for (const [when, word] of Object.entries(LEFT_BEHIND)) {
  test(`if a Worker ended ${when}, the next window is refused after 5 seconds`, {
    timeout: 60_000,
  }, () => {
    using secret = Secret.from(new Uint8Array([1, 2, 3]));
    const words = new Int32Array(secret.share().state);
    Atomics.store(words, 0, word);
    const started = performance.now();
    assert.throws(
      () => secret.withBytes(() => assert.fail("the window opened")),
      (error) => error instanceof SecretBusyError && /for 5 seconds/.test(error.message),
    );
    const seconds = (performance.now() - started) / 1000;
    assert.ok(seconds > 4.5, `It waited for ${seconds} seconds only`);
    // Given back after all, the secret works again.
    Atomics.store(words, 0, 0);
    assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [1, 2, 3]);
  });
}
