import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilities, Secret } from "../mod.ts";
import { HAS_SMAPS } from "./support/host.ts";
import { untilIdle } from "./support/idle.ts";
import { addressOf, permissionsAt } from "./support/memory.ts";
import { testOnRungs } from "./support/rungs.ts";
import { unless } from "./support/skip.ts";

const PAGE = capabilities().pageSize;
const page = BigInt(PAGE);
const skip = unless("proc", HAS_SMAPS, "there is no /proc/self/maps");

/** Powers of two from 16 to the page size. */
const ALIGNMENTS = Array.from({ length: Math.log2(PAGE) - 3 }, (_, index) => 16 << index);

/** Bytes between the end of the payload and the end of its last page. */
function slack(secret: Secret): number {
  const end = secret.withBytes((bytes) => addressOf(bytes) + BigInt(bytes.length));
  return Number((page - end % page) % page);
}

for (const alignment of ALIGNMENTS) {
  test(`\`alignment: ${alignment}\` aligns the bytes, as near to the page's end as it allows`, () => {
    for (const length of [1, 15, 16, 17, 33, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 5]) {
      using secret = Secret.random(length, { alignment });
      const address = secret.withBytes(addressOf);
      assert.equal(address % BigInt(alignment), 0n, `${length}`);
      assert.ok(slack(secret) < alignment, `${length}`);
    }
  });
}

test("the bytes are aligned to 16 by default", () => {
  for (let length = 1; length <= 48; length++) {
    using secret = Secret.random(length);
    assert.equal(secret.withBytes(addressOf) % 16n, 0n);
    assert.ok(slack(secret) < 16);
  }
});

test("the bytes end at the page's end if their length is a multiple of the alignment", () => {
  for (const length of [16, 32, 64, PAGE - 16, PAGE, PAGE + 16, 3 * PAGE]) {
    using secret = Secret.random(length);
    assert.equal(slack(secret), 0, `${length}`);
  }
});

for (const length of [1, 32, PAGE, PAGE + 1, 5 * PAGE]) {
  testOnRungs(
    `inaccessible pages stand before and after ${length} bytes, in a window too`,
    async ({ store, gate }) => {
      using secret = Secret.random(length);
      const address = secret.withBytes(addressOf);
      const first = address / page * page;
      const last = (address + BigInt(length) - 1n) / page * page;
      const around = () => [
        permissionsAt(first - 1n),
        permissionsAt(first),
        permissionsAt(last),
        permissionsAt(last + page),
      ];
      /** Pages of the payload between two guards, which are no part of a memfd_secret area. */
      const guarded = (permissions: string) => {
        const data = permissions + (store === "secretmem" ? "s" : "p");
        return ["---p", data, data, "---p"];
      };
      await untilIdle();
      assert.deepEqual(around(), guarded("---"));
      // Under protection keys the page table allows everything, and the threads' rights decide.
      assert.deepEqual(secret.withBytes(around), guarded(gate === "pkey" ? "rw-" : "r--"));
      assert.deepEqual(secret.update(around), guarded("rw-"));
      assert.deepEqual(await secret.withBytesAsync(around), guarded("r--"));
      await untilIdle();
      assert.deepEqual(around(), guarded("---"));
    },
    { skip },
  );
}

test("two secrets never share a page", () => {
  const secrets = Array.from({ length: 200 }, () => Secret.random(1));
  const pages = new Set(secrets.map((secret) => secret.withBytes(addressOf) / page));
  assert.equal(pages.size, secrets.length);
  for (const secret of secrets) secret.close();
});
