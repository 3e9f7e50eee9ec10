/**
 * What every runtime has to do with the library, wherever it runs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { ROOT } from "../../support/child.ts";
import type { Ended } from "./tools.ts";

/** The script of a child, as a path from the project's root. */
export function childPath(name: string): string {
  return `tests/arch/children/${name}.ts`;
}

/** What tests/arch/children/smoke.ts prints. */
export interface Smoke {
  readonly runtime: string;
  readonly platform: string;
  readonly mac: string;
  readonly open: string;
  readonly status: Readonly<Record<string, unknown>>;
  readonly capabilities: { readonly library: string; readonly runtimeVersion: string };
}

const MAC = createHmac("sha256", Uint8Array.from({ length: 32 }, (_, index) => index + 1))
  .update("message").digest("hex");

/** The smoke test went to its end, on this runtime and platform, with the library of lib. */
export function assertSmoke(
  ended: Ended,
  runtime: string,
  platform: string,
  library: string,
): Smoke {
  const said = `${ended.stdout}${ended.stderr}`;
  assert.deepEqual(
    { status: ended.status, signal: ended.signal },
    { status: 0, signal: null },
    said,
  );
  const line = ended.stdout.split("\n").find((one) => one.startsWith("{")) ?? "{}";
  const smoke = JSON.parse(line) as Smoke;
  assert.equal(smoke.runtime, runtime);
  assert.equal(smoke.platform, platform);
  assert.equal(smoke.mac, MAC, "The bytes of the window are others");
  assert.equal(smoke.open, "read");
  assert.equal(smoke.status.protection, "none");
  assert.equal(smoke.status.guarded, true);
  assert.match(smoke.capabilities.library.replaceAll("\\", "/"), new RegExp(`/lib/${library}$`));
  return smoke;
}

/** QEMU does not tell how the memory was accessed; real processors do. */
const LINE =
  /^securememory: (?:read of|access to) (?:the secret "stray"|a secret) \(32 bytes\) at offset 5 outside its window: a view of it or a pointer to it was kept/m;

/** A stray read ended the process, with a line that says which secret it was. */
export function assertStray({ status, signal, stdout, stderr }: Ended): void {
  assert.ok(status !== 0 || signal !== null, "The process did not end");
  const said = `${stdout}${stderr}`;
  assert.match(said, /^before$/m);
  assert.doesNotMatch(said, /^read \d+/m, "The read went through");
  assert.match(said, LINE);
}

/** The library of a target. */
export function libraryOf(target: string, name: string): string {
  return join(ROOT, "lib", target, name);
}
