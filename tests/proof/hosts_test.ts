/**
 * Hosts that are poor in something: descriptors, lock budget for the store secretmem,
 * /proc, /sys. What is left is used, and what is missing is said.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Availability, capabilities, type SecretStatus } from "../../mod.ts";
import { memlock, withoutMemlock } from "../support/memlock.ts";
import { withoutMounts } from "../support/mounts.ts";
import { type Failure, reported } from "../support/report.ts";
import { unless } from "../support/skip.ts";

const { stores, pageSize } = capabilities();
const withoutSecretmem = unless(
  "secretmem",
  stores.secretmem.available,
  stores.secretmem.reason ?? "",
);
const UNSHARE = ["unshare", "--mount"];

/** In a child: nothing is below such a folder any more. */
const HIDE = `
import { spawnSync } from "node:child_process";
const hide = (folder) => {
  const { status } = spawnSync("mount", ["-t", "tmpfs", "none", folder]);
  if (status !== 0) throw new Error("The folder cannot be hidden");
};
`;

interface Poor {
  readonly created: Failure | null;
  readonly content: boolean;
  readonly status: SecretStatus;
  readonly required: Failure | null;
  readonly intact: boolean;
  readonly blind: Failure | null;
  readonly stores: { readonly secretmem: Availability; readonly locked: Availability };
  readonly later: Failure | null;
}

test("without descriptors the store secretmem is missing, and that is said", {
  skip: withoutSecretmem,
}, async () => {
  const seen = await reported<Poor>(
    `
    import { openSync, closeSync } from "node:fs";
    securememory.stats(); // Loads the library, which is a file.
    const taken = [];
    failureOf(() => { for (;;) taken.push(openSync("/dev/null")); });
    let secret;
    const created = failureOf(() => secret = Secret.from(new Uint8Array([1, 2, 3])));
    const content = secret.withBytes((bytes) => bytes.join() === "1,2,3");
    const source = new Uint8Array([1, 2, 3]);
    const required = failureOf(() => Secret.from(source, { store: "secretmem" }));
    const blind = failureOf(() => secret.status());
    for (const file of taken) closeSync(file);
    const { stores } = securememory.capabilities();
    const later = failureOf(() => Secret.random(1, { store: "secretmem" }).close());
    const intact = source.join() === "1,2,3";
    report({ created, content, status: secret.status(), required, intact, blind, stores, later });
    `,
    { wrapper: ["prlimit", "--nofile=256:256"] },
  );
  assert.equal(seen.created, null);
  assert.equal(seen.content, true);
  assert.equal(seen.status.store, "locked");
  assert.equal(seen.status.locked, true);
  assert.equal(seen.intact, true);
  const EMFILE = 24;
  for (const [failure, syscall] of [[seen.required, "memfd_secret"], [seen.blind, "smaps"]]) {
    const { code, errno, syscall: call } = failure as Failure;
    assert.deepEqual({ code, errno, call }, { code: "UNSUPPORTED", errno: EMFILE, call: syscall });
  }
  // And with descriptors again it is there: being short of them was no answer.
  assert.equal(seen.later, null);
  assert.equal(seen.stores.secretmem.available, true);
});

test("without /proc secrets work, and their status cannot be told", {
  skip: withoutMounts,
}, async () => {
  const { content, status, supported } = await reported<
    { content: boolean; status: Failure | null; supported: boolean }
  >(
    `
    ${HIDE}
    hide("/proc");
    const secret = Secret.from(new Uint8Array([1, 2, 3]));
    report({
      content: secret.withBytes((bytes) => bytes.join() === "1,2,3"),
      status: failureOf(() => secret.status()),
      supported: securememory.capabilities().supported,
    });
    `,
    { wrapper: UNSHARE },
  );
  assert.equal(content, true);
  const { code, errno, syscall } = status ?? {};
  const ENOENT = 2;
  assert.deepEqual({ code, errno, syscall }, {
    code: "UNSUPPORTED",
    errno: ENOENT,
    syscall: "smaps",
  });
  assert.equal(supported, true);
});

test('without /sys nobody knows of hibernation, so "auto" does not stand in its way', {
  skip: withoutMounts || withoutSecretmem,
}, async () => {
  const { auto, required, hibernation } = await reported<Record<string, string>>(
    `
    ${HIDE}
    hide("/sys");
    report({
      auto: Secret.random(1).status().store,
      hibernation: securememory.capabilities().hibernation,
      required: Secret.random(1, { store: "secretmem" }).status().store,
    });
    `,
    { wrapper: UNSHARE },
  );
  assert.equal(hibernation, "unknown");
  assert.equal(auto, "locked");
  assert.equal(required, "secretmem");
});

/** In a child: makes secrets until that fails, closes half of them, makes as many again. */
const FILL_UP = `
const made = [];
const make = () => failureOf(() =>
  made.push(Secret.from(new Uint8Array(32).fill(made.length + 1), { store: "secretmem" })));
let refusal = null;
while (refusal === null && made.length < 5000) refusal = make();
const intact = made.every((secret, index) =>
  secret.withBytes((bytes) => bytes.every((byte) => byte === (index + 1 & 0xff))));
const count = made.length;
const stores = made.slice(0, 2).map((secret) => secret.status().store);
for (const secret of made.splice(0, Math.ceil(count / 2))) secret.close();
while (made.length < count && make() === null);
report({ count, refusal, intact, stores, again: made.length });
`;

for (const pages of [0, 1, 16]) {
  test(`a lock budget of ${pages} pages is the limit of the store secretmem, again and again`, {
    skip: withoutMemlock || withoutSecretmem,
  }, async () => {
    const limit = pages * pageSize;
    const { count, refusal, intact, stores, again } = await reported<
      { count: number; refusal: Failure | null; intact: boolean; stores: string[]; again: number }
    >(FILL_UP, { wrapper: memlock(limit) });
    const { name, code, errno, syscall, limitBytes } = refusal ?? {};
    const EAGAIN = 11;
    assert.deepEqual({ name, code, errno, syscall, limitBytes }, {
      name: "LockLimitError",
      code: "LOCK_LIMIT",
      errno: EAGAIN,
      syscall: "mmap",
      limitBytes: limit,
    });
    assert.ok(count <= pages && count >= pages * 0.8, `${count} secrets on ${pages} pages`);
    assert.equal(intact, true);
    assert.equal(again, count);
    assert.ok(stores.every((store) => store === "secretmem"), stores.join());
  });
}
