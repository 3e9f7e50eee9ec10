import assert from "node:assert/strict";
import { Secret, SecretClosedError, stats } from "../mod.ts";
import { runCode } from "./support/child.ts";
import { testOnGates as test } from "./support/rungs.ts";

function four(): Secret {
  return Secret.from(new Uint8Array([1, 2, 3, 4]));
}

test("`isClosed` is false, then true from `close()` on, and `length` stays", () => {
  const secret = four();
  assert.equal(secret.isClosed, false);
  secret.close();
  assert.equal(secret.isClosed, true);
  assert.equal(secret.length, 4);
  assert.equal(`${secret}`, "Secret(4 bytes)");
});

test("`close()` in its own callback: the bytes stay until the callback is over", () => {
  const secret = four();
  const before = stats().inUse;
  const result = secret.withBytes((bytes) => {
    secret.close();
    assert.equal(secret.isClosed, true);
    assert.equal(stats().inUse, before);
    assert.throws(() => secret.withBytes(() => 0), SecretClosedError);
    return [...bytes];
  });
  assert.deepEqual(result, [1, 2, 3, 4]);
  assert.equal(stats().inUse, before - 1);
});

test("`close()` in a nested callback: the bytes stay until the outermost is over", () => {
  const secret = four();
  const before = stats().inUse;
  secret.withBytes((outer) => {
    secret.withBytes((inner) => {
      secret.close();
      assert.equal(inner[0], 1);
    });
    assert.equal(outer[3], 4);
    assert.equal(stats().inUse, before);
    assert.throws(() => secret.withBytes(() => 0), SecretClosedError);
  });
  assert.equal(stats().inUse, before - 1);
});

test("`close()` in `update`: the bytes stay writable until the callback is over", () => {
  const secret = four();
  const before = stats().inUse;
  const result = secret.update((bytes) => {
    secret.close();
    bytes[0] = 9;
    return bytes[0];
  });
  assert.equal(result, 9);
  assert.equal(stats().inUse, before - 1);
});

test("`close()` in a callback that throws: the error is kept, and the bytes are gone", () => {
  const secret = four();
  const before = stats().inUse;
  const problem = new Error("problem");
  assert.throws(() =>
    secret.withBytes(() => {
      secret.close();
      throw problem;
    }), (error) => error === problem);
  assert.equal(stats().inUse, before - 1);
  assert.equal(secret.isClosed, true);
});

test("`close()` in a producer of `fill` that throws is harmless to other secrets", () => {
  using other = four();
  assert.throws(() =>
    Secret.fill(4, () => {
      other.close();
      throw new Error("problem");
    }), /problem/);
  assert.equal(other.isClosed, true);
});

test("every method of a closed secret throws SecretClosedError, and no callback is called", async () => {
  const secret = four();
  using other = four();
  const target = new Uint8Array(4).fill(9);
  secret.close();
  let called = 0;
  const callback = () => void (called += 1);
  const uses: (() => unknown)[] = [
    () => secret.withBytes(callback),
    () => secret.update(callback),
    () => secret.open(),
    () => secret.equals(other),
    () => other.equals(secret),
    () => secret.equals(secret),
    () => secret.equals(target),
    () => secret.equals(new Uint8Array(1)),
    () => secret.copy(),
    () => secret.readInto(target),
    () => secret.readInto(target, 100),
    () => secret.readInto(new Uint8Array(0)),
    () => secret.share(),
    () => secret.status(),
  ];
  const expected = { name: "SecretClosedError", code: "SECRET_CLOSED" };
  for (const use of uses) assert.throws(use, expected, `${use}`);
  await assert.rejects(secret.withBytesAsync(callback), expected);
  await assert.rejects(secret.stream().getReader().read(), expected);
  assert.equal(called, 0);
  assert.deepEqual([...target], [9, 9, 9, 9]);
  // The secret that met the closed one is as it was.
  assert.equal(other.status().protection, "none");
  assert.deepEqual(other.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
});

test("every method is refused in a window whose secret was closed", () => {
  const secret = four();
  secret.withBytes(() => {
    secret.close();
    const expected = { code: "SECRET_CLOSED" };
    assert.throws(() => secret.withBytes(() => 0), expected);
    assert.throws(() => secret.update(() => 0), expected);
    assert.throws(() => secret.open(), expected);
    assert.throws(() => secret.equals(new Uint8Array(4)), expected);
    assert.throws(() => secret.copy(), expected);
    assert.throws(() => secret.readInto(new Uint8Array(4)), expected);
    assert.throws(() => secret.share(), expected);
    assert.throws(() => secret.status(), expected);
  });
});

test("wrong arguments are reported before the secret's being closed", () => {
  const secret = four();
  secret.close();
  assert.throws(() => secret.withBytes(1 as never), TypeError);
  assert.throws(() => secret.update(1 as never), TypeError);
  assert.throws(() => secret.equals(1 as never), TypeError);
  assert.throws(() => secret.readInto(1 as never), TypeError);
});

test("closing half of many secrets leaves the other half usable, in three rounds", () => {
  const before = stats().inUse;
  const alive: Secret[] = [];
  for (let round = 0; round < 3; round++) {
    const secrets = Array.from({ length: 300 }, (_, index) => Secret.from(new Uint8Array([index])));
    secrets.forEach((secret, index) => index % 2 === 0 ? secret.close() : alive.push(secret));
    assert.ok(
      alive.every((secret, index) =>
        secret.withBytes((bytes) => bytes[0]) === (index * 2 + 1) % 300 % 256
      ),
    );
  }
  assert.equal(stats().inUse, before + 450);
  for (const secret of alive) secret.close();
  assert.equal(stats().inUse, before);
});

test("after `purge()` every secret is closed, closing it works, and new secrets work", async () => {
  // In a child, since it concerns every secret of the process.
  const outcome = await runCode(`
    import assert from "node:assert/strict";
    const { purge, Secret, SecretClosedError, stats } = securememory;
    purge(); // Without any secret, before the library is loaded.
    const before = stats();
    const one = Secret.from(new Uint8Array([1, 2, 3, 4]));
    const two = Secret.random(8);
    const seen = one.withBytes((bytes) => {
      const first = [...bytes];
      purge();
      assert.throws(() => one.withBytes(() => 0), SecretClosedError);
      return [first, [...bytes]];
    });
    assert.deepEqual(seen, [[1, 2, 3, 4], [0, 0, 0, 0]]);
    assert.equal(stats().purges, before.purges + 1);
    for (const secret of [one, two]) {
      assert.equal(secret.isClosed, true);
      assert.throws(() => secret.withBytes(() => 0), SecretClosedError);
      assert.throws(() => secret.status(), SecretClosedError);
      await assert.rejects(secret.withBytesAsync(() => 0), SecretClosedError);
    }
    one.close();
    one.close();
    await two[Symbol.asyncDispose]();
    assert.equal(stats().inUse, before.inUse);
    assert.equal(stats().openWindows, before.openWindows);
    using fresh = Secret.from(new Uint8Array([5]));
    assert.equal(fresh.withBytes((bytes) => bytes[0]), 5);
    console.log("done");
  `);
  assert.deepEqual([outcome.stdout, outcome.status], ["done\n", 0], outcome.stderr);
});

test("after `purge()` no secret counts as in use, closed or not", async () => {
  const outcome = await runCode(`
    const { purge, Secret, stats } = securememory;
    const secrets = [Secret.random(4), Secret.random(5)];
    purge();
    console.log(stats().inUse, secrets.length);
  `);
  assert.equal(outcome.stdout, "0 2\n", outcome.stderr);
});
