import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret, SecretClosedError } from "../mod.ts";

/** Bytes 0, 1, 2... */
function counting(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).map((_, index) => index);
}

test("`readInto` reads 4, 4, 1 of nine bytes, then 0 at the end", () => {
  using secret = Secret.from(counting(9));
  const chunk = new Uint8Array(4);
  const seen: number[] = [];
  const counts: number[] = [];
  let position = 0;
  for (let count = 1; count > 0;) {
    count = secret.readInto(chunk, position);
    counts.push(count);
    seen.push(...chunk.subarray(0, count));
    position += count;
  }
  assert.deepEqual(counts, [4, 4, 1, 0]);
  assert.deepEqual(seen, [...counting(9)]);
});

test("`readInto` interleaved with short reads sees 4, 4, 1, 4 bytes of two passes", () => {
  using secret = Secret.from(counting(9));
  const chunk = new Uint8Array(4);
  const counts = [0, 4, 8, 0].map((position) => secret.readInto(chunk, position));
  assert.deepEqual(counts, [4, 4, 1, 4]);
  assert.deepEqual([...chunk], [0, 1, 2, 3]);
});

test("`readInto` leaves the rest of a longer target as it is", () => {
  using secret = Secret.from(counting(3));
  const target = new Uint8Array(6).fill(0xee);
  assert.equal(secret.readInto(target), 3);
  assert.deepEqual([...target], [0, 1, 2, 0xee, 0xee, 0xee]);
  assert.equal(secret.readInto(target.subarray(3), 2), 1);
  assert.deepEqual([...target], [0, 1, 2, 2, 0xee, 0xee]);
});

test("`readInto` at the end or beyond it copies nothing", () => {
  using secret = Secret.from(counting(3));
  const target = new Uint8Array(2).fill(0xee);
  for (const position of [3, 4, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
    assert.equal(secret.readInto(target, position), 0);
  }
  assert.deepEqual([...target], [0xee, 0xee]);
});

test("`readInto` with an empty target returns 0", () => {
  using secret = Secret.from(counting(3));
  assert.equal(secret.readInto(new Uint8Array(0)), 0);
  assert.equal(secret.readInto(new Uint8Array(0), 3), 0);
});

test("`readInto` copies into shared memory and across pages", () => {
  const length = 3 * 65536 + 1;
  using secret = Secret.from(counting(length));
  const target = new Uint8Array(new SharedArrayBuffer(70_000));
  assert.equal(secret.readInto(target, 65_000), 70_000);
  assert.ok(target.every((byte, index) => byte === (index + 65_000) % 256));
});

test("what `readInto` copied stays readable, and the window is closed", () => {
  using secret = Secret.from(counting(3));
  const target = new Uint8Array(3);
  secret.readInto(target);
  assert.equal(secret.status().protection, "none");
  assert.deepEqual([...target], [0, 1, 2]);
});

test("`readInto` refuses a wrong target or position and copies nothing", () => {
  using secret = Secret.from(counting(3));
  for (const target of [undefined, null, "text", [0], new ArrayBuffer(3), new Uint16Array(3)]) {
    assert.throws(() => secret.readInto(target as never), TypeError);
  }
  const target = new Uint8Array(3).fill(0xee);
  for (const position of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => secret.readInto(target, position), RangeError);
  }
  for (const position of ["0", null, 0n, {}]) {
    assert.throws(() => secret.readInto(target, position as never), TypeError);
  }
  assert.deepEqual([...target], [0xee, 0xee, 0xee]);
  assert.equal(secret.status().protection, "none");
});

test("a failed read does no harm to the next one", () => {
  using secret = Secret.from(counting(3));
  const target = new Uint8Array(3);
  assert.throws(() => secret.readInto(target, -1), RangeError);
  assert.equal(secret.readInto(target), 3);
});

async function chunksOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

for (
  const [length, chunkSize, sizes] of [
    [9, 4, [4, 4, 1]],
    [8, 4, [4, 4]],
    [3, 4, [3]],
    [3, 1, [1, 1, 1]],
    [3, Number.MAX_SAFE_INTEGER, [3]],
  ] as const
) {
  test(`\`stream\` gives ${length} bytes in chunks of ${chunkSize}: ${sizes}`, async () => {
    using secret = Secret.from(counting(length));
    const chunks = await chunksOf(secret.stream({ chunkSize }));
    assert.deepEqual(chunks.map((chunk) => chunk.length), [...sizes]);
    assert.deepEqual(chunks.flatMap((chunk) => [...chunk]), [...counting(length)]);
    assert.equal(secret.status().protection, "none");
  });
}

test("`stream` gives chunks of 16,384 bytes by default", async () => {
  using secret = Secret.from(counting(40_000));
  for (const options of [undefined, {}, { chunkSize: undefined }]) {
    const chunks = await chunksOf(secret.stream(options as { chunkSize?: number }));
    assert.deepEqual(chunks.map((chunk) => chunk.length), [16_384, 16_384, 7232]);
  }
});

test("`stream` reads nothing before it is asked, and no window is open between chunks", async () => {
  using secret = Secret.from(counting(8));
  const reader = secret.stream({ chunkSize: 4 }).getReader();
  await Promise.resolve();
  secret.update((bytes) => void (bytes[0] = 100));
  assert.equal((await reader.read()).value?.[0], 100);
  assert.equal(secret.status().protection, "none");
  secret.update((bytes) => void (bytes[4] = 101));
  assert.equal((await reader.read()).value?.[0], 101);
  assert.equal((await reader.read()).done, true);
});

test("`stream` fails with SecretClosedError when the secret is closed in its middle", async () => {
  const secret = Secret.from(counting(8));
  const reader = secret.stream({ chunkSize: 4 }).getReader();
  assert.deepEqual([...(await reader.read()).value ?? []], [0, 1, 2, 3]);
  secret.close();
  await assert.rejects(reader.read(), SecretClosedError);
  await assert.rejects(reader.read(), SecretClosedError);
});

test("`stream` that was read to its end stays ended when the secret is closed", async () => {
  const secret = Secret.from(counting(4));
  const reader = secret.stream().getReader();
  await reader.read();
  secret.close();
  assert.equal((await reader.read()).done, true);
});

test("two streams of one secret do not disturb each other; cancelling one is fine", async () => {
  using secret = Secret.from(counting(9));
  const cancelled = secret.stream({ chunkSize: 2 }).getReader();
  await cancelled.read();
  const chunks = chunksOf(secret.stream({ chunkSize: 4 }));
  await cancelled.cancel();
  assert.deepEqual((await chunks).flatMap((chunk) => [...chunk]), [...counting(9)]);
});

test("`stream` refuses a wrong chunk size at once", () => {
  using secret = Secret.from(counting(9));
  for (const chunkSize of [0, -1, 1.5, NaN, Infinity]) {
    assert.throws(() => secret.stream({ chunkSize }), RangeError);
  }
  for (const chunkSize of ["4", 4n, {}]) {
    assert.throws(() => secret.stream({ chunkSize: chunkSize as never }), TypeError);
  }
});
