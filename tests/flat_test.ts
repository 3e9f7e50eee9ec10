import assert from "node:assert/strict";
import { test } from "node:test";
import { patience } from "./support/child.ts";
import { COLLECT_FLAGS } from "./support/collect.ts";
import { memlock, withoutMemlock } from "./support/memlock.ts";
import { moduleUrl, notOnLinux, reported } from "./support/report.ts";

/** What a child uses at one time. */
interface Usage {
  /** VmRSS after a collection, in KiB. */
  readonly residentKiB: number;
  readonly mappings: number;
  readonly descriptors: number;
  readonly vmLck: string;
  readonly arenas: number;
  readonly inUse: number;
  readonly restingPages: number;
  readonly retiredPages: number;
}

interface Run {
  readonly early: Usage;
  readonly late: Usage;
}

/** Runs `body` so often, in a child; looks at it after the first `early` rounds and at the end. */
async function usage(
  body: string,
  early: number,
  rounds: number,
  wrapper: readonly string[] = [],
): Promise<Run> {
  return await reported<Run>(
    `
    import { collect } from ${moduleUrl("tests/support/collect.ts")};
    const use = async () => {
      let collections = 0;
      await collect(() => collections++ >= 5);
      const { arenas, inUse, restingPages, retiredPages } = securememory.stats();
      return {
        residentKiB: Number.parseInt(status("VmRSS")),
        mappings: mappings(),
        descriptors: descriptors(),
        vmLck: status("VmLck"),
        arenas,
        inUse,
        restingPages,
        retiredPages,
      };
    };
    const body = (round) => {
      ${body}
    };
    let round = 0;
    for (; round < ${early}; round++) body(round);
    const early = await use();
    for (; round < ${rounds}; round++) body(round);
    report({ early, late: await use() });
    `,
    { flags: COLLECT_FLAGS, timeoutMs: 120_000, wrapper },
  );
}

/** Less than 20 bytes for each of the 900,000 rounds of the longest run. */
const RESIDENT_KIB_MAX = 16 * 1024;
/** The runtime's own heap and threads take some. */
const MAPPINGS_MAX = 100;
const DESCRIPTORS_MAX = 10;

function assertFlat({ early, late }: Run): void {
  const grown = late.residentKiB - early.residentKiB;
  assert.ok(grown < RESIDENT_KIB_MAX, `Resident memory grew by ${grown} KiB`);
  const mapped = late.mappings - early.mappings;
  assert.ok(mapped < MAPPINGS_MAX, `Mappings grew by ${mapped}`);
  const opened = late.descriptors - early.descriptors;
  assert.ok(opened < DESCRIPTORS_MAX, `Descriptors grew by ${opened}`);
  const { vmLck, arenas, inUse, restingPages } = late;
  assert.deepEqual({ vmLck, arenas, inUse, restingPages }, {
    vmLck: early.vmLck,
    arenas: early.arenas,
    inUse: 0,
    restingPages: early.restingPages,
  });
}

const skip = notOnLinux;
// Bun's own limit is 5 seconds.
const timeout = patience(150_000);

test("a million secrets made and closed leave nothing behind", { skip, timeout }, async () => {
  assertFlat(await usage("Secret.random(32).close();", 100_000, 1_000_000));
});

test("20,000 secrets, each used and closed, leave nothing but the pages that rest", {
  skip,
  timeout,
}, async () => {
  const run = await usage(
    `
    const secret = Secret.random(32);
    secret.withBytes((bytes) => bytes[0]);
    secret.close();
    `,
    5_000,
    20_000,
  );
  assertFlat(run);
  assert.ok(run.late.restingPages <= 64, `${run.late.restingPages} pages rest`);
});

test("20,000 secrets of all other makers leave nothing behind", { skip, timeout }, async () => {
  assertFlat(
    await usage(
      `
      const first = Secret.from(new Uint8Array(40).fill(1));
      const second = Secret.fromString("text", { alignment: 64, label: "label" });
      const third = Secret.fill(100, (bytes) => void bytes.fill(2), { revokeViews: true });
      const fourth = first.copy();
      first.equals(fourth);
      third.update((bytes) => void bytes.fill(3));
      for (const secret of [first, second, third, fourth]) secret.close();
      `,
      1_000,
      5_000,
    ),
  );
});

test("200 secrets of 1 MiB made and closed leave nothing behind", { skip, timeout }, async () => {
  assertFlat(await usage("Secret.random(1 << 20).close();", 50, 200));
});

test("400 secrets of 1 MiB, each used and closed, leave only the addresses that rest", {
  skip,
  timeout,
}, async () => {
  const run = await usage(
    `
    const secret = Secret.random(1 << 20);
    secret.withBytes((bytes) => bytes[0]);
    secret.close();
    `,
    100,
    400,
  );
  assertFlat(run);
});

/** What grows with each secret that was shared is its address: address space, nothing else. */
function assertOnlyAddressesGrow({ early, late }: Run, closed: number): void {
  assert.equal(late.retiredPages - early.retiredPages, closed);
  const grown = late.residentKiB - early.residentKiB;
  assert.ok(grown < RESIDENT_KIB_MAX, `Resident memory grew by ${grown} KiB`);
  // vm.max_map_count is 65,530: two mappings for each would end the process after 32,000.
  const mapped = late.mappings - early.mappings;
  assert.ok(mapped < 2 * MAPPINGS_MAX, `Mappings grew by ${mapped} for ${closed} shared secrets`);
  assert.ok(late.descriptors - early.descriptors < DESCRIPTORS_MAX);
  assert.equal(late.inUse, 0);
}

test("2,000 secrets shared and closed leave nothing but addresses that are not used again", {
  skip,
  timeout,
}, async () => {
  const run = await usage(
    `
    const secret = Secret.random(32);
    Secret.attach(secret.share()).withBytes((bytes) => bytes[0]);
    secret.close();
    `,
    1_000,
    3_000,
  );
  assertOnlyAddressesGrow(run, 2_000);
  const locked = Number.parseInt(run.late.vmLck) - Number.parseInt(run.early.vmLck);
  assert.ok(locked < 2048, `Locked memory grew by ${locked} KiB`);
});

test("2,000 secrets shared and closed fit a budget of 64 KiB one after another", {
  skip: withoutMemlock,
  timeout,
}, async () => {
  const run = await usage(
    `
    const secret = Secret.random(32);
    secret.share();
    secret.close();
    `,
    500,
    2_500,
    memlock(65536),
  );
  assertOnlyAddressesGrow(run, 2_000);
});
