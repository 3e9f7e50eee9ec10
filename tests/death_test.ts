import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilities } from "../mod.ts";
import { type Outcome, runCode } from "./support/child.ts";
import { HAS_SMAPS } from "./support/host.ts";
import { environmentOf, nameOf, RUNGS, type Rungs } from "./support/rungs.ts";
import { unless } from "./support/skip.ts";

/** Where memory faults are signals. Windows has others. */
const skip = unless("proc", HAS_SMAPS, "faults are not signals here");

const memoryUrl = new URL("./support/memory.ts", import.meta.url).href;
const PAGE = capabilities().pageSize;

/**
 * Runs code in a child. It says "before" and then does something that may kill it; if
 * it lives on, it says "after".
 */
function run(code: string, rungs: Rungs, length = 32): Promise<Outcome> {
  const source = `
    import { addressOf, bytesAt } from ${JSON.stringify(memoryUrl)};
    const { Secret, purge } = securememory;
    const page = ${PAGE}n;
    const secret = Secret.from(new Uint8Array(${length}).fill(0x41));
    /** Not folded, not left out: what it returns is printed. */
    const touch = (bytes, index = 0) => bytes[index];
    const keep = () => {
      let kept;
      secret.withBytes((bytes) => { kept = bytes; });
      return kept;
    };
    ${code}
  `;
  return runCode(source, { env: environmentOf(rungs) });
}

/** Code that ends with a deed: the words before and after it are printed. */
const deed = (code: string) => `console.log("before"); console.log("after", ${code});`;

function died({ signal, status, stdout, stderr }: Outcome): void {
  assert.deepEqual([stdout, signal, status], ["before\n", "SIGSEGV", null], stderr);
  // Whatever was said on the way out, the content was not.
  assert.doesNotMatch(stderr, /AAAA|(?:65\D{1,3}){4}|41414141|QUFB/);
}

const DEATHS: readonly (readonly [string, string, number?])[] = [
  ["reading a view outside its window", `const kept = keep(); ${deed("touch(kept)")}`],
  ["reading the last byte outside the window", `const kept = keep(); ${deed("touch(kept, 31)")}`],
  ["writing a view outside its window", `const kept = keep(); ${deed("kept[0] = 1")}`],
  [
    "reading a part of a view outside its window",
    `let kept; secret.withBytes((bytes) => { kept = bytes.subarray(8); }); ${deed("touch(kept)")}`,
  ],
  [
    "reading through another view of the buffer",
    `let kept; secret.withBytes((bytes) => { kept = new DataView(bytes.buffer); });
     ${deed("kept.getUint8(0)")}`,
  ],
  ["reading by a built-in outside the window", `const kept = keep(); ${deed("kept.slice()[0]")}`],
  [
    "reading between two windows",
    `const kept = keep(); secret.withBytes(() => {}); ${deed("touch(kept)")}`,
  ],
  [
    "reading outside, while another secret is open",
    `const kept = keep(); const other = Secret.random(32); using window = other.open();
     ${deed("touch(kept)")}`,
  ],
  [
    "reading after `update`",
    `let kept; secret.update((b) => { kept = b; }); ${deed("touch(kept)")}`,
  ],
  [
    "reading after an async window",
    `let kept; await secret.withBytesAsync(async (b) => { kept = b; }); ${deed("touch(kept)")}`,
  ],
  [
    "reading after a window of `open()` was disposed",
    `const window = secret.open(); const kept = window.bytes; window[Symbol.dispose]();
     ${deed("touch(kept)")}`,
  ],
  [
    "reading after a callback that threw",
    `let kept; try { secret.withBytes((b) => { kept = b; throw 1; }); } catch {}
     ${deed("touch(kept)")}`,
  ],
  [
    "reading a producer's view",
    `let kept; Secret.fill(4, (b) => { kept = b; }); ${deed("touch(kept)")}`,
  ],
  ["writing in a read-only window", `secret.withBytes((bytes) => { ${deed("bytes[0] = 1")} });`],
  [
    "writing by a built-in in a read-only window",
    `secret.withBytes((bytes) => { ${deed("bytes.fill(0).length")} });`,
  ],
  [
    "writing in a window of `open()`",
    `using window = secret.open(); ${deed("window.bytes[0] = 1")}`,
  ],
  [
    "writing in a read-only window after `update` had it writable",
    `secret.update((bytes) => { bytes[0] = 2; });
     secret.withBytes((bytes) => { ${deed("bytes[0] = 1")} });`,
  ],
  ["reading after close", `const kept = keep(); secret.close(); ${deed("touch(kept)")}`],
  [
    "reading after close, with new secrets in use",
    `const kept = keep(); secret.close();
     const others = Array.from({ length: 20 }, () => Secret.random(32).open());
     ${deed("touch(kept) + others.length")}`,
  ],
  [
    "reading several pages after close",
    `const kept = keep(); secret.close(); ${deed("touch(kept)")}`,
    3 * PAGE,
  ],
  ["reading after purge", `const kept = keep(); purge(); ${deed("touch(kept)")}`],
  [
    "reading one byte past the end, in a window",
    `secret.withBytes((bytes) => {
       const past = bytesAt(addressOf(bytes) + 32n, 1);
       ${deed("touch(past)")}
     });`,
  ],
  [
    "writing one byte past the end, in a read-write window",
    `secret.update((bytes) => {
       const past = bytesAt(addressOf(bytes) + 32n, 1);
       ${deed("past[0] = 1")}
     });`,
  ],
  [
    "reading one page before the start, in a window",
    `secret.withBytes((bytes) => {
       const ahead = bytesAt(addressOf(bytes) - page, 1);
       ${deed("touch(ahead)")}
     });`,
  ],
  [
    "reading one byte before a secret of whole pages, in a window",
    `secret.withBytes((bytes) => {
       const ahead = bytesAt(addressOf(bytes) - 1n, 1);
       ${deed("touch(ahead)")}
     });`,
    2 * PAGE,
  ],
  [
    "reading one byte past a secret of whole pages, in a window",
    `secret.withBytes((bytes) => {
       const past = bytesAt(addressOf(bytes) + ${2 * PAGE}n, 1);
       ${deed("touch(past)")}
     });`,
    2 * PAGE,
  ],
];

for (const rungs of RUNGS) {
  for (const [name, code, length] of DEATHS) {
    test(`${name} stops the process (${nameOf(rungs)})`, { skip }, async () => {
      died(await run(code, rungs, length));
    });
  }

  test(`the same deeds in the right window do no harm (${nameOf(rungs)})`, { skip }, async () => {
    const outcome = await run(
      `
    const kept = keep();
    console.log("before");
    const seen = [];
    secret.withBytes((bytes) => {
      seen.push(touch(kept), touch(bytes, 31), new DataView(bytes.buffer).getUint8(0));
      seen.push(touch(bytesAt(addressOf(bytes) + 31n, 1)), bytes.slice()[0]);
    });
    secret.update((bytes) => { bytes[0] = 1; bytes.fill(2, 1); });
    secret.withBytes((bytes) => seen.push(touch(bytes), touch(kept, 1)));
    secret.close();
    console.log("after", seen.join(" "));
      `,
      rungs,
    );
    assert.deepEqual([outcome.stdout, outcome.status], ["before\nafter 65 65 65 65 65 1 2\n", 0]);
  });
}
