/**
 * Something writes over the bytes between two secrets of a pool: the damaged one is named when it
 * is closed, and its neighbours live on and say so.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CorruptionError, type Secret, SecretPool } from "../mod.ts";
import { addressOf, bytesAt } from "./support/memory.ts";

/** Bytes of a slot for 32 bytes, its canary included. */
const STRIDE = 48n;
const FILLS = 200;

interface Placed {
  readonly secret: Secret;
  readonly fill: number;
  readonly address: bigint;
}

/** Secrets whose pages are full, in order of their addresses. */
function placed(pool: SecretPool): Placed[] {
  return Array.from({ length: FILLS }, (_, index) => {
    const fill = index + 1;
    const secret = pool.from(new Uint8Array(32).fill(fill));
    return { secret, fill, address: secret.withBytes(addressOf) };
  }).sort((a, b) => a.address < b.address ? -1 : 1);
}

/** Three that stand side by side on a page. */
function three(all: readonly Placed[]): [Placed, Placed, Placed] {
  const at = all.findIndex(({ address }, index) =>
    all[index + 1]?.address === address + STRIDE &&
    all[index + 2]?.address === address + 2n * STRIDE
  );
  assert.ok(at !== -1, "No three secrets stand side by side");
  return all.slice(at, at + 3) as [Placed, Placed, Placed];
}

/** Changes one byte of what is `offset` behind the start of a secret, in a window of it. */
function damage({ secret, address }: Placed, offset: bigint): void {
  secret.update(() => {
    const bytes = bytesAt(address + offset, 1);
    bytes[0] = (bytes[0] as number) ^ 1;
  });
}

const isIntact = ({ secret, fill }: Placed): boolean =>
  secret.withBytes((bytes) => bytes.length === 32 && bytes.every((byte) => byte === fill));

describe("a write between two secrets of a pool", () => {
  for (
    const [where, offset] of [["just behind a secret", 32n], [
      "at the end of its canary",
      47n,
    ]] as const
  ) {
    it(`${where} is found when it is closed; its neighbour is suspect, and lives on`, () => {
      using pool = new SecretPool({ label: "damaged pool" });
      const all = placed(pool);
      const [before, damaged, behind] = three(all);
      assert.equal(damaged.secret.status().suspect, false, "The control");
      damage(damaged, offset);
      assert.throws(() => damaged.secret.close(), (error: unknown) => {
        assert.ok(error instanceof CorruptionError, `${error}`);
        assert.match(error.message, /32/, "It says which");
        assert.match(error.message, /damaged pool/, "It says which");
        return true;
      });
      assert.equal(damaged.secret.isClosed, true);
      assert.throws(() => damaged.secret.withBytes(() => 0), { code: "SECRET_CLOSED" });
      // That behind it shares the canary.
      assert.equal(behind.secret.status().suspect, true);
      assert.equal(before.secret.status().suspect, false);
      assert.ok(pool.stats().suspect >= 1);
      for (const other of all) {
        if (other !== damaged) assert.equal(isIntact(other), true, `${other.fill}`);
      }
      // What was found once is not said again of others.
      for (const other of all) if (other !== damaged && other !== behind) other.secret.close();
      assert.equal(pool.stats().secrets, 1);
    });
  }

  it("is found as well by the one behind it, if that is closed first", () => {
    using pool = new SecretPool({ label: "damaged pool" });
    const [, first, second] = three(placed(pool));
    damage(first, 40n);
    assert.throws(() => second.secret.close(), CorruptionError);
    assert.equal(first.secret.status().suspect, true);
    assert.equal(isIntact(first), true);
  });

  it("in front of the first secret of a page is found", () => {
    using pool = new SecretPool();
    const all = placed(pool);
    const first = all.find(({ address }) => address % 4096n === 16n);
    assert.ok(first !== undefined, "No secret is the first of a page");
    damage(first, -1n);
    assert.throws(() => first.secret.close(), CorruptionError);
    assert.equal(first.secret.isClosed, true);
  });

  it("behind a secret that is shorter than its place is found", () => {
    using pool = new SecretPool();
    const secret = pool.from(new Uint8Array(20).fill(7));
    const address = secret.withBytes(addressOf);
    damage({ secret, fill: 7, address }, 20n);
    assert.throws(() => secret.close(), CorruptionError);
    assert.equal(secret.isClosed, true);
    using next = pool.from(new Uint8Array(20).fill(8));
    assert.equal(next.withBytes((bytes) => bytes[19]), 8);
    next.close();
  });

  it("of none is nothing that is found", () => {
    using pool = new SecretPool();
    const all = placed(pool);
    for (const { secret } of all) secret.close();
    assert.equal(pool.stats().secrets, 0);
    assert.equal(pool.stats().suspect, 0);
  });
});
