/**
 * examples/envelope_encryption: what one runtime has sealed, each can open.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { patience } from "../support/child.ts";
import { withFolder } from "../support/native.ts";
import { type Ended, run, type Runtime, RUNTIMES } from "./support/runtimes.ts";

const PATH = "examples/envelope_encryption/main.ts";
const LIMIT = { timeout: patience(60_000) };
/** Nonce, key, tag; then nonce and tag of the content. */
const OVERHEAD = 24 + 32 + 16 + 24 + 16;

async function succeeds(runtime: Runtime, ...args: string[]): Promise<Ended> {
  const ended = await run(runtime, PATH, { args });
  assert.equal(ended.status, 0, ended.stderr);
  return ended;
}

async function failsWith(error: RegExp, runtime: Runtime, ...args: string[]): Promise<void> {
  const { status, stderr } = await run(runtime, PATH, { args });
  assert.notEqual(status, 0);
  assert.match(stderr, error);
}

function withFiles(use: (file: (name: string) => string, content: Buffer) => Promise<void>) {
  return withFolder(async (folder) => {
    const file = (name: string) => join(folder, name);
    const content = Buffer.from(`the content ${randomBytes(3000).toString("hex")}`);
    writeFileSync(file("plain"), content);
    for (const name of ["old.key", "new.key"]) writeFileSync(file(name), randomBytes(48));
    await use(file, content);
  });
}

describe("examples/envelope_encryption", () => {
  for (const [index, runtime] of RUNTIMES.entries()) {
    const other = RUNTIMES[(index + 1) % RUNTIMES.length] as Runtime;

    it(
      `seals, rewraps and opens on ${runtime}, and opens on ${other}`,
      LIMIT,
      () =>
        withFiles(async (file, content) => {
          await succeeds(runtime, "seal", file("old.key"), file("plain"), file("sealed"));
          const sealed = readFileSync(file("sealed"));
          assert.equal(sealed.length, content.length + OVERHEAD);
          assert.ok(!sealed.includes(content.subarray(0, 16)));
          await succeeds(runtime, "open", file("old.key"), file("sealed"), file("opened"));
          assert.deepEqual(readFileSync(file("opened")), content);

          await succeeds(runtime, "rewrap", file("old.key"), file("new.key"), file("sealed"));
          const rewrapped = readFileSync(file("sealed"));
          assert.notDeepEqual(rewrapped.subarray(0, 72), sealed.subarray(0, 72));
          assert.deepEqual(rewrapped.subarray(72), sealed.subarray(72), "the content is as it was");
          await succeeds(other, "open", file("new.key"), file("sealed"), file("again"));
          assert.deepEqual(readFileSync(file("again")), content);
          const refused = [file("old.key"), file("sealed"), file("never")] as const;
          await failsWith(/AuthenticationError/, runtime, "open", ...refused);
          assert.ok(!existsSync(file("never")));
        }),
    );
  }

  it("refuses what was changed, wherever", LIMIT, () =>
    withFiles(async (file) => {
      await succeeds("bun", "seal", file("old.key"), file("plain"), file("sealed"));
      const sealed = readFileSync(file("sealed"));
      for (const place of [0, 40, 71, 72, 100, sealed.length - 1]) {
        const changed = Buffer.from(sealed);
        changed[place] = (changed[place] as number) ^ 1;
        writeFileSync(file("changed"), changed);
        const args = ["open", file("old.key"), file("changed"), file("never")];
        await failsWith(/AuthenticationError/, "bun", ...args);
      }
    }));

  it(
    "refuses a key file that is too short, and one that is not there",
    LIMIT,
    () =>
      withFiles(async (file) => {
        writeFileSync(file("short.key"), randomBytes(31));
        const rest = [file("plain"), file("sealed")];
        await failsWith(/at least 32 bytes.* 31/, "bun", "seal", file("short.key"), ...rest);
        await failsWith(/SourceError.*no\.key/s, "bun", "seal", file("no.key"), ...rest);
        assert.ok(!existsSync(file("sealed")));
      }),
  );
});
