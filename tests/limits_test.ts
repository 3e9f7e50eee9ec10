import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilities, type SecretStatus } from "../mod.ts";
import { bindingLimit, memlock, withoutMemlock } from "./support/memlock.ts";
import { type Failure, reported } from "./support/report.ts";
import { unless } from "./support/skip.ts";
import { AUTO, autoOfChild } from "./support/rungs.ts";

/** Runs a child that may lock so many bytes, and makes sure that this binds it. */
async function within<T>(bytes: number, code: string): Promise<T> {
  const limits =
    'readFileSync("/proc/self/status", "utf8") + readFileSync("/proc/self/limits", "utf8")';
  const { limits: text, value } = await reported<{ limits: string; value: T }>(
    `const answer = (value) => report({ limits: ${limits}, value });\n${code}`,
    { wrapper: memlock(bytes) },
  );
  assert.equal(bindingLimit(text), bytes, "The limit does not bind the child");
  return value;
}

/** Makes secrets until that fails; they stay alive in `made`. */
const FILL_UP = `
const made = [];
let refusal = null;
while (refusal === null && made.length < 5000) {
  refusal = failureOf(() => made.push(Secret.from(new Uint8Array(32).fill(made.length + 1))));
}
const intact = made.every((secret, index) => secret.withBytes((bytes) =>
  bytes.every((byte) => byte === (index + 1 & 0xff))));
`;

interface FilledUp {
  readonly count: number;
  readonly refusal: Failure | null;
  readonly intact: boolean;
  readonly locked: boolean;
  readonly again: number;
}

const CLOSE_AND_GO_ON = `
const count = made.length;
// Each status reads all mappings of the process: a sample is enough.
const locked = [0, count >> 1, count - 1].every((index) => made[index].status().locked);
const closed = Math.ceil(count / 2);
for (const secret of made.splice(0, closed)) secret.close();
let again = 0;
while (again < closed && failureOf(() => made.push(Secret.random(32))) === null) again += 1;
answer({ count, refusal, intact, locked, again });
`;

function assertRefusal(refusal: Failure | null, limit: number): void {
  assert.ok(refusal, "Creation never failed");
  assert.equal(refusal.name, "LockLimitError");
  assert.equal(refusal.code, "LOCK_LIMIT");
  assert.equal(refusal.ofAllocation, true);
  assert.equal(refusal.syscall, "mlock");
  // EPERM where the limit is 0, ENOMEM above it: mlock(2).
  assert.equal(refusal.errno, limit === 0 ? 1 : 12);
  assert.equal(refusal.limitBytes, limit);
  assert.ok(refusal.message.includes(`the limit for locked memory is ${limit} bytes`));
  assert.match(refusal.message, /ulimit -l/);
  // The three ways out.
  assert.match(refusal.message, /SecretPool/);
  assert.match(refusal.message, /Enclave/);
}

test("with a budget of 0, every way to make a secret throws LockLimitError", {
  skip: withoutMemlock,
}, async () => {
  const failures = await within<{ [way: string]: Failure | null }>(
    0,
    `answer({
      from: failureOf(() => Secret.from(new Uint8Array(32).fill(7))),
      fromString: failureOf(() => Secret.fromString("text")),
      fromFile: failureOf(() => Secret.fromFile("/proc/self/status")),
      fromHex: failureOf(() => Secret.fromHex(new TextEncoder().encode("00ff"))),
      fromBase64: failureOf(() => Secret.fromBase64("AAAA")),
      random: failureOf(() => Secret.random(32)),
      fill: failureOf(() => Secret.fill(32, () => {})),
      large: failureOf(() => Secret.random(100_000)),
      factory: failureOf(() => new securememory.SecretFactory().random(32)),
    });`,
  );
  for (const [way, failure] of Object.entries(failures)) {
    assertRefusal(failure, 0);
    assert.equal(failure?.lockedBytes, 0, way);
  }
});

test("a creation that fails leaves the source and the process as they were", {
  skip: withoutMemlock,
}, async () => {
  const seen = await within<Record<string, unknown>>(
    0,
    `
    const source = new Uint8Array(5000).fill(7);
    let calls = 0;
    const fail = () => {
      failureOf(() => Secret.from(source));
      failureOf(() => Secret.from(source.subarray(0, 32)));
      failureOf(() => Secret.fill(32, () => calls += 1));
      failureOf(() => Secret.random(100_000));
    };
    fail();
    const numbers = () => ({ ...securememory.stats(), vmLck: status("VmLck") });
    /** Address space without access: what an arena is before it is locked. */
    const reserved = () =>
      readFileSync("/proc/self/maps", "utf8").split("\\n")
        .filter((line) => line.includes(" ---p "))
        .map((line) => line.slice(0, line.indexOf(" ")).split("-"))
        .reduce((sum, [from, to]) => sum + Number.parseInt(to, 16) - Number.parseInt(from, 16), 0);
    const before = numbers();
    const reservedBefore = reserved();
    const mappingsBefore = mappings();
    for (let round = 0; round < 8_000; round++) fail();
    answer({
      before,
      after: numbers(),
      grown: mappings() - mappingsBefore,
      reserved: reserved() - reservedBefore,
      intact: source.every((byte) => byte === 7),
      calls,
    });
    `,
  );
  assert.deepEqual(seen.after, seen.before);
  const { inUse, arenas, pages, lockedBytes, vmLck, allocated } = seen.after as Record<
    string,
    unknown
  >;
  assert.deepEqual({ inUse, arenas, pages, lockedBytes, vmLck, allocated }, {
    inUse: 0,
    arenas: 0,
    pages: 0,
    lockedBytes: 0,
    vmLck: "0 kB",
    allocated: 0,
  });
  // The runtime reserves for itself, 256 MiB at a time; 32,000 mappings or 1,100 MiB would show.
  assert.ok(Math.abs(seen.grown as number) < 100, `Mappings grew by ${seen.grown}`);
  assert.ok(seen.reserved as number < 600 << 20, `Reserved memory grew by ${seen.reserved}`);
  assert.equal(seen.intact, true);
  assert.equal(seen.calls, 0, "The producer was called without memory to write to");
});

test("a budget of one page holds exactly one secret, and a new one after close", {
  skip: withoutMemlock,
}, async () => {
  const page = capabilities().pageSize;
  const { first, second, third, fourth } = await within<Record<string, Failure | null>>(
    page,
    `
    let secret;
    const make = () => failureOf(() => secret = Secret.random(32));
    const first = make();
    const second = make();
    secret.close();
    const third = make();
    // A view of its page may be alive: the page rests until the next creation needs it.
    secret?.withBytes((bytes) => bytes[0]);
    secret?.close();
    const fourth = make();
    answer({ first, second, third, fourth });
    `,
  );
  assert.equal(first, null);
  assertRefusal(second ?? null, page);
  assert.equal(second?.lockedBytes, page);
  assert.equal(third, null);
  assert.equal(fourth, null);
});

test("a budget of 64 KiB holds at least 14 secrets, and again after some were closed", {
  skip: withoutMemlock,
}, async () => {
  const limit = 65536;
  const filled = await within<FilledUp>(limit, FILL_UP + CLOSE_AND_GO_ON);
  assertRefusal(filled.refusal, limit);
  assert.ok(filled.count >= 14, `Only ${filled.count} secrets were made`);
  assert.ok(filled.count <= limit / capabilities().pageSize);
  assert.equal(filled.intact, true);
  assert.equal(filled.locked, true);
  assert.equal(filled.again, Math.ceil(filled.count / 2));
});

test("a budget of 8 MiB is used to nine tenths at least, and again after some were closed", {
  skip: withoutMemlock,
}, async () => {
  const limit = 8 << 20;
  const filled = await within<FilledUp>(limit, FILL_UP + CLOSE_AND_GO_ON);
  assertRefusal(filled.refusal, limit);
  const pages = limit / capabilities().pageSize;
  assert.ok(filled.count >= pages * 0.9, `Only ${filled.count} of ${pages} pages were used`);
  assert.ok(filled.count <= pages);
  assert.equal(filled.intact, true);
  assert.equal(filled.locked, true);
  assert.equal(filled.again, Math.ceil(filled.count / 2));
});

test("a secret larger than the budget is refused, and small ones still fit", {
  skip: withoutMemlock,
}, async () => {
  const limit = 65536;
  const { large, lockedBytes, small, fits } = await within<
    { large: Failure | null; lockedBytes: number; small: Failure | null; fits: Failure | null }
  >(
    limit,
    `
    const large = failureOf(() => Secret.random(${limit} + 1));
    const { lockedBytes } = securememory.stats();
    const fits = failureOf(() => Secret.random(${limit} / 2).close());
    const small = failureOf(() => Secret.random(32));
    answer({ large, lockedBytes, small, fits });
    `,
  );
  assertRefusal(large, limit);
  assert.equal(lockedBytes, 0);
  assert.equal(fits, null);
  assert.equal(small, null);
});

test("allowUnlocked makes a secret without a budget; all but the lock still holds", {
  skip: withoutMemlock,
}, async () => {
  const seen = await within<Record<string, Record<string, unknown>>>(
    0,
    `
    const source = new Uint8Array([1, 2, 3]);
    const small = Secret.from(source, { allowUnlocked: true });
    const large = Secret.random(100_000, { allowUnlocked: true });
    securememory.configure({ allowUnlocked: true });
    const configured = Secret.fromString("text");
    const values = small.withBytes((bytes) => [...bytes]);
    const open = small.withBytes(() => small.status().protection);
    const { lockedBytes, inUse } = securememory.stats();
    const seen = {
      small: small.status(),
      large: large.status(),
      configured: configured.status(),
      other: { source: [...source], values, open, lockedBytes, inUse, vmLck: status("VmLck") },
    };
    for (const secret of [small, large, configured]) secret.close();
    answer(seen);
    `,
  );
  for (const which of ["small", "large", "configured"]) {
    const { pkey: _, ...status } = seen[which] as unknown as SecretStatus;
    assert.deepEqual(status, {
      store: "unlocked",
      gate: AUTO.gate,
      locked: false,
      excludedFromDumps: true,
      fork: "wiped",
      guarded: true,
      guardsSealed: capabilities().guardSealing.available,
      unmergeable: true,
      noHugePages: true,
      protection: "none",
      pooled: false,
      suspect: false,
    }, which);
  }
  assert.deepEqual(seen.other, {
    source: [0, 0, 0],
    values: [1, 2, 3],
    open: "read",
    lockedBytes: 0,
    inUse: 3,
    vmLck: "0 kB",
  });
});

test("allowUnlocked takes locked memory as long as there is some", {
  skip: withoutMemlock,
}, async () => {
  const { store } = autoOfChild();
  const stores = await within<string[]>(
    capabilities().pageSize,
    `
    const options = { allowUnlocked: true };
    const made = [Secret.random(32, options), Secret.random(32, options)];
    const stores = made.map((secret) => secret.status().store);
    made[0].close();
    made.push(Secret.random(32, options));
    stores.push(made[2].status().store);
    answer(stores);
    `,
  );
  assert.deepEqual(stores, [store, "unlocked", store]);
});

for (
  const [who, wrapper] of [
    ["as this user", ["prlimit", `--memlock=${2 << 20}`]],
    ["where the limit binds", memlock(2 << 20)],
  ] as const
) {
  test(`above the budget memory of memfd_secret is an error and no signal, ${who}`, {
    skip: withoutMemlock ||
      unless(
        "secretmem",
        capabilities().stores.secretmem.available,
        "memfd_secret is missing here",
      ),
  }, async () => {
    // Some kernels charge a page when it is mapped, others (6.12.117) when it is touched, to root too.
    const { count, name, intact, again } = await reported<{
      count: number;
      name: string | null;
      intact: boolean;
      again: boolean;
    }>(
      `
      const made = [];
      let refusal = null;
      while (refusal === null && made.length < 20) {
        refusal = failureOf(() => made.push(Secret.random(300_000)));
      }
      const intact = made.every((secret) => secret.withBytes((bytes) =>
        new Set(bytes).size === 256));
      const count = made.length;
      for (const secret of made) secret.close();
      const again = failureOf(() => Secret.random(300_000)) === null;
      report({ count, name: refusal && refusal.name, intact, again });
    `,
      { wrapper, env: { SECUREMEMORY_STORE: "secretmem" } },
    );
    assert.ok(count >= 4, `${count}`);
    assert.equal(name, count === 20 ? null : "LockLimitError");
    assert.deepEqual([intact, again], [true, true]);
  });
}
