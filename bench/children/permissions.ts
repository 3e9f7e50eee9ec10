/**
 * What secrets cost with the permissions that this Deno was given: prints one line of JSON,
 * nanoseconds by name, and milliseconds for the first secret.
 */
import { Secret } from "../../mod.ts";

const start = performance.now();
{
  using secret = Secret.random(32);
  secret.withBytes((bytes) => bytes[0]);
}
const first = performance.now() - start;

const source = new Uint8Array(32);
const touch = (bytes: Uint8Array): number => bytes[0] as number;
const BATCHES = 15;

/** The median over batches, each after a turn of the event loop. */
async function measure(rounds: number, run: () => unknown): Promise<number> {
  const took: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    await new Promise((resolve) => setTimeout(resolve));
    const start = performance.now();
    for (let round = 0; round < rounds; round++) run();
    took.push((performance.now() - start) * 1e6 / rounds);
  }
  return took.sort((a, b) => a - b)[BATCHES >> 1] as number;
}

using secret = Secret.random(32);
using revoking = Secret.random(32, { revokeViews: true });
const cold = await measure(10_000, () => secret.withBytes(touch));
let window: Disposable | undefined = secret.open();
const nested = await measure(300_000, () => secret.withBytes(touch));
window[Symbol.dispose]();
window = undefined;
console.log(JSON.stringify({
  "first secret (ms)": first,
  "cold window": cold,
  "nested window": nested,
  "create and close": await measure(3_000, () => Secret.from(source).close()),
  "create, view and close": await measure(3_000, () => {
    const one = Secret.from(source);
    one.withBytes(touch);
    one.close();
  }),
  "window with a view of its own": await measure(3_000, () => revoking.withBytes(touch)),
}));
