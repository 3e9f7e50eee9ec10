/**
 * The demo does what it says, with the rights that it says it needs.
 *
 * @module
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { KINDS } from "../demo/deliveries.ts";
import { patience, runScript, RUNTIME } from "./support/child.ts";
import { contentIn } from "./support/scanner.ts";

const LIMIT = { timeout: patience(60_000) };

/** A line of a table of the demo, as its cells. */
function row(output: string, title: string): string[] {
  const line = output.split("\n").find((text) => text.trim().startsWith(`${title}   `));
  assert.ok(line !== undefined, `no line "${title}" in:\n${output}`);
  return line.trim().split(/ {3,}/).slice(1);
}

/** A number as the demo prints it. */
function number(text: string | undefined): number {
  return Number(text?.replaceAll(",", ""));
}

test("the demo accepts what is signed, rejects the rest, and says so", LIMIT, async () => {
  const { status, signal, stdout, stderr } = await runScript("scripts/demo.mjs", {
    args: [RUNTIME],
  });
  assert.equal(status ?? signal, 0, `${stdout}\n${stderr}`);
  let accepted = 0;
  let rejected = 0;
  for (const { title, good } of KINDS) {
    const [sent, yes, no] = row(stdout, title).map(number) as [number, number, number];
    assert.ok(sent > 0, title);
    assert.deepEqual([yes, no], good ? [sent, 0] : [0, sent], title);
    accepted += yes;
    rejected += no;
  }
  const counts = /accepted ([\d,]+), rejected ([\d,]+), served ([\d,]+) in/.exec(stdout);
  assert.deepEqual(counts?.slice(1).map(number), [accepted, rejected, accepted + rejected]);
  if (process.platform === "linux") {
    assert.match(
      stdout,
      /copies of the key in this process's memory: [01] on its page, 0 elsewhere/,
    );
  }
  assert.match(stdout, /ended by (SIGSEGV|SIGBUS|status \d+)\./);
  assert.match(stdout, /^\d+ checks were made while this ran, and all held\.$/m);
  // deno-lint-ignore no-control-regex -- there must be none in a pipe.
  assert.doesNotMatch(stdout, /\x1b/);
  const folder = /, (\S+securememory-demo-\w+)/.exec(stdout)?.[1];
  assert.ok(folder !== undefined && !existsSync(folder), "the key file was taken away");
  if (process.platform !== "linux") return;
  const permissions = row(stdout, "permissions (smaps)").map((text) => text.slice(0, 3));
  assert.deepEqual(permissions, ["---", "r--", "---"]);
  assert.deepEqual(row(stdout, "status().protection"), ["none", "read", "none"]);
});

test("the demo shows nothing of the key", LIMIT, async () => {
  const folder = mkdtempSync(join(tmpdir(), "securememory-test-"));
  try {
    const keyFile = join(folder, "signing.key");
    // No small numbers: those stand in any text, by chance.
    const key = randomBytes(32).map((byte) => byte | 0x80);
    writeFileSync(keyFile, key, { mode: 0o600 });
    const { status, stdout, stderr } = await runScript("demo/main.ts", { args: [keyFile] });
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    assert.equal(contentIn(Buffer.from(stdout + stderr).toString("latin1"), key), undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
