/**
 * What a window on a 32-byte secret costs in workerd, where no clock runs while code does: a request
 * that opens many is timed from outside, and one that opens none is taken off. With 10 samples of
 * each, taking turns.
 *
 *     node bench/edge.ts
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { bundle } from "../tests/edge/support/bundled.ts";
import { workerdPath } from "../tests/edge/support/tools.ts";
import { withWorkerd } from "../tests/edge/support/workerd.ts";

const WINDOWS = 200_000;
const SAMPLES = 10;
const TARGET_US = 3;

/** Each kind of work, by its name; `plain` is what the loop itself costs. */
const WORKER = `import { Secret } from "bundle.mjs";
let key;
const plain = new Uint8Array(32);
const KINDS = {
  window: () => key.withBytes((bytes) => bytes[0]),
  nested: () => key.withBytes((bytes) => bytes[0]),
  update: () => key.update((bytes) => bytes[0]),
  hmac: () => key.hmac("SHA-256", plain)[0],
  "create and close": () => { const one = Secret.random(32); one.close(); return 1; },
};
export default {
  async fetch(request) {
    key ??= Secret.random(32);
    const { searchParams } = new URL(request.url);
    const work = KINDS[searchParams.get("kind")];
    const count = Number(searchParams.get("count") ?? 0);
    const outer = searchParams.get("kind") === "nested" ? key.open() : undefined;
    let sum = 0;
    for (let done = 0; done < count; done++) sum += work();
    outer?.[Symbol.dispose]();
    return new Response(String(sum));
  },
};
`;

const workerd = workerdPath();
if (workerd === undefined) throw new Error("The package workerd is not installed");
const { folder } = bundle("workerd", "edge.ts");
writeFileSync(join(folder, "main.mjs"), WORKER);
await withWorkerd(
  workerd,
  folder,
  ["main.mjs", "bundle.mjs", "securememory.wasm"],
  async (origin) => {
    const timed = async (kind: string, count: number) => {
      const start = performance.now();
      await (await fetch(`${origin}?kind=${encodeURIComponent(kind)}&count=${count}`)).text();
      return performance.now() - start;
    };
    const median = (numbers: number[]) =>
      numbers.sort((a, b) => a - b)[numbers.length >> 1] as number;
    let slow = false;
    for (const kind of ["window", "nested", "update", "hmac", "create and close"]) {
      const count = kind === "window" || kind === "nested" ? WINDOWS : WINDOWS / 10;
      await timed(kind, count);
      const samples: number[] = [];
      for (let sample = 0; sample < SAMPLES; sample++) {
        const empty = await timed(kind, 0);
        samples.push((await timed(kind, count) - empty) / count * 1000);
      }
      const us = median(samples);
      if (kind === "window" && us > TARGET_US) slow = true;
      console.log(`${kind}: ${us.toFixed(3)} us`);
    }
    if (slow) {
      console.error(`bench: a window takes more than ${TARGET_US} us`);
      process.exitCode = 1;
    }
  },
);
