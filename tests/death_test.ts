import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilities } from "../mod.ts";
import { type Outcome, runCode } from "./support/child.ts";
import { HAS_SMAPS } from "./support/host.ts";
import { KIND, ownPages } from "./support/kind.ts";
import { environmentOf, EVERY_RUNG, nameOf, type Rungs } from "./support/rungs.ts";
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
    const secret = Secret.from(new Uint8Array(${length}).fill(0x41), { label: "mine" });
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

const KEPT = "a view of it or a pointer to it was kept";
/** What is said, after the word that says how the memory was accessed. */
const outside = (offset: string) => `at offset ${offset} outside its window: ${KEPT}`;
/** A window for all threads is in the page table, whatever the gate. */
const READ_ONLY_FOR_ALL = "inside a read-only window: use update\\(\\)";
const READ_ONLY = "<in a read-only window of its own>";

/** Under the gate `pkey` a page is open to a thread or not, and the fault tells no more. */
function lineOn({ gate }: Rungs, line: string): string {
  const said = gate === "mprotect"
    ? READ_ONLY_FOR_ALL
    : "from a thread that has no read-write window on it";
  return line.replace(READ_ONLY, () => said);
}

function died({ signal, status, stdout, stderr }: Outcome, line: string): void {
  assert.deepEqual([stdout, signal, status], ["before\n", "SIGSEGV", null], stderr);
  const said = stderr.split("\n").filter((text) => text.startsWith("securememory"));
  assert.equal(said.length, 1, stderr);
  assert.match(said[0] as string, new RegExp(`^securememory: ${line}; the process has to stop$`));
  // Whatever was said on the way out, the content was not.
  assert.doesNotMatch(stderr, /AAAA|(?:65\D{1,3}){4}|41414141|QUFB/);
}

/** Its name, what it says on the way out, its code, and the length of the secret. */
type Death = readonly [name: string, line: string, code: string, length?: number];

const MINE = 'the secret "mine" \\(32 bytes\\)';
const LARGE = `the secret "mine" \\(${2 * PAGE} bytes\\)`;

const DEATHS: readonly Death[] = [
  [
    "reading a view outside its window",
    `read of ${MINE} ${outside("0")}`,
    `const kept = keep(); ${deed("touch(kept)")}`,
  ],
  [
    "reading the last byte outside the window",
    `read of ${MINE} ${outside("31")}`,
    `const kept = keep(); ${deed("touch(kept, 31)")}`,
  ],
  [
    "writing a view outside its window",
    `write to ${MINE} ${outside("0")}`,
    `const kept = keep(); ${deed("kept[0] = 1")}`,
  ],
  [
    "reading a part of a view outside its window",
    `read of ${MINE} ${outside("8")}`,
    `let kept; secret.withBytes((bytes) => { kept = bytes.subarray(8); }); ${deed("touch(kept)")}`,
  ],
  [
    "reading through another view of the buffer",
    `read of ${MINE} ${outside("0")}`,
    `let kept; secret.withBytes((bytes) => { kept = new DataView(bytes.buffer); });
     ${deed("kept.getUint8(0)")}`,
  ],
  [
    "reading by a built-in outside the window",
    `read of ${MINE} ${outside("\\d+")}`,
    `const kept = keep(); ${deed("kept.slice()[0]")}`,
  ],
  [
    "reading between two windows",
    `read of ${MINE} ${outside("0")}`,
    `const kept = keep(); secret.withBytes(() => {}); ${deed("touch(kept)")}`,
  ],
  [
    "reading outside, while another secret is open",
    `read of ${MINE} ${outside("0")}`,
    `const kept = keep(); const other = Secret.random(32); using window = other.open();
     ${deed("touch(kept)")}`,
  ],
  [
    "reading after `update`",
    `read of ${MINE} ${outside("0")}`,
    `let kept; secret.update((b) => { kept = b; }); ${deed("touch(kept)")}`,
  ],
  [
    "reading after an async window",
    `read of ${MINE} ${outside("0")}`,
    `let kept; await secret.withBytesAsync(async (b) => { kept = b; }); ${deed("touch(kept)")}`,
  ],
  [
    "reading after a window of `open()` was disposed",
    `read of ${MINE} ${outside("0")}`,
    `const window = secret.open(); const kept = window.bytes; window[Symbol.dispose]();
     ${deed("touch(kept)")}`,
  ],
  [
    "reading after a callback that threw",
    `read of ${MINE} ${outside("0")}`,
    `let kept; try { secret.withBytes((b) => { kept = b; throw 1; }); } catch {}
     ${deed("touch(kept)")}`,
  ],
  [
    "reading a producer's view",
    `read of a secret \\(4 bytes\\) ${outside("0")}`,
    `let kept; Secret.fill(4, (b) => { kept = b; }); ${deed("touch(kept)")}`,
  ],
  [
    "writing in a read-only window",
    `write to ${MINE} at offset 0 ${READ_ONLY}`,
    `secret.withBytes((bytes) => { ${deed("bytes[0] = 1")} });`,
  ],
  [
    "writing by a built-in in a read-only window",
    `write to ${MINE} at offset \\d+ ${READ_ONLY}`,
    `secret.withBytes((bytes) => { ${deed("bytes.fill(0).length")} });`,
  ],
  [
    "writing in a window of `open()`",
    `write to ${MINE} at offset 0 ${READ_ONLY_FOR_ALL}`,
    `using window = secret.open(); ${deed("window.bytes[0] = 1")}`,
  ],
  [
    "writing in a read-only window after `update` had it writable",
    `write to ${MINE} at offset 0 ${READ_ONLY}`,
    `secret.update((bytes) => { bytes[0] = 2; });
     secret.withBytes((bytes) => { ${deed("bytes[0] = 1")} });`,
  ],
  [
    "reading after close",
    `read of ${MINE} at offset 0 after it was closed: ${KEPT}`,
    `const kept = keep(); secret.close(); ${deed("touch(kept)")}`,
  ],
  [
    "reading after close, with new secrets in use",
    `read of ${MINE} at offset 0 after it was closed: ${KEPT}`,
    `const kept = keep(); secret.close();
     const others = Array.from({ length: 20 }, () => Secret.random(32).open());
     ${deed("touch(kept) + others.length")}`,
  ],
  [
    "reading several pages after close",
    `read of the secret "mine" \\(${3 * PAGE} bytes\\) at offset 0 after it was closed: ${KEPT}`,
    `const kept = keep(); secret.close(); ${deed("touch(kept)")}`,
    3 * PAGE,
  ],
  [
    "reading after close what was shared",
    `read of ${MINE} at offset 0 after it was closed: ${KEPT}`,
    `const kept = keep(); secret.share(); secret.close(); ${deed("touch(kept)")}`,
  ],
  [
    "reading several shared pages after close",
    `read of the secret "mine" \\(${3 * PAGE} bytes\\) at offset 9000 after it was closed: ${KEPT}`,
    `const kept = keep(); secret.share(); secret.close(); ${deed("touch(kept, 9000)")}`,
    3 * PAGE,
  ],
  [
    "reading what was shared long after close",
    `read of a page of a closed secret: ${KEPT}`,
    `const kept = keep(); secret.share(); secret.close();
     for (let round = 0; round < 200; round++) {
       const other = Secret.random(32);
       other.share();
       other.close();
     }
     ${deed("touch(kept)")}`,
  ],
  [
    "reading after purge",
    `read of ${MINE} at offset 0 after a purge: ${KEPT}`,
    `const kept = keep(); purge(); ${deed("touch(kept)")}`,
  ],
  [
    "reading one byte past the end, in a window",
    `read of ${MINE} 1 byte past its end \\(the guard page\\)`,
    `secret.withBytes((bytes) => {
       const past = bytesAt(addressOf(bytes) + 32n, 1);
       ${deed("touch(past)")}
     });`,
  ],
  [
    "writing one byte past the end, in a read-write window",
    `write to ${MINE} 1 byte past its end \\(the guard page\\)`,
    `secret.update((bytes) => {
       const past = bytesAt(addressOf(bytes) + 32n, 1);
       ${deed("past[0] = 1")}
     });`,
  ],
  [
    "reading one byte past the end, with a secret on the next page",
    `read of ${MINE} 1 byte past its end \\(the guard page\\)`,
    `const next = Secret.random(4);
     secret.withBytes((bytes) => {
       const past = bytesAt(addressOf(bytes) + 32n, 1);
       ${deed("touch(past) + next.length")}
     });`,
  ],
  [
    "reading one byte before the start, with a secret on the page before",
    `read of the secret "next" \\(${PAGE} bytes\\) 1 byte before its start \\(the guard page\\)`,
    `const next = Secret.from(new Uint8Array(${PAGE}), { label: "next" });
     next.withBytes((bytes) => {
       const ahead = bytesAt(addressOf(bytes) - 1n, 1);
       ${deed("touch(ahead)")}
     });`,
  ],
  [
    "reading one page past the end, next to a page that is free",
    `read of ${MINE} ${PAGE} bytes past its end \\(the guard page\\)`,
    `secret.withBytes((bytes) => {
       const past = bytesAt(addressOf(bytes) + 31n + page, 1);
       ${deed("touch(past)")}
     });`,
  ],
  [
    "reading one page before the start, in a window",
    `read of ${MINE} ${PAGE} bytes before its start \\(the guard page\\)`,
    `secret.withBytes((bytes) => {
       const ahead = bytesAt(addressOf(bytes) - page, 1);
       ${deed("touch(ahead)")}
     });`,
  ],
  [
    "reading before the start, outside the window",
    `read of ${MINE} 1 byte before its start outside its window`,
    `const kept = keep();
     const ahead = bytesAt(addressOf(kept) - 1n, 1);
     ${deed("touch(ahead)")}`,
  ],
  [
    "reading one byte before a secret of whole pages, in a window",
    `read of ${LARGE} 1 byte before its start \\(the guard page\\)`,
    `secret.withBytes((bytes) => {
       const ahead = bytesAt(addressOf(bytes) - 1n, 1);
       ${deed("touch(ahead)")}
     });`,
    2 * PAGE,
  ],
  [
    "reading one byte past a secret of whole pages, in a window",
    `read of ${LARGE} 1 byte past its end \\(the guard page\\)`,
    `secret.withBytes((bytes) => {
       const past = bytesAt(addressOf(bytes) + ${2 * PAGE}n, 1);
       ${deed("touch(past)")}
     });`,
    2 * PAGE,
  ],
  [
    "reading a page that no secret has used",
    "read of a page that no secret has used yet: a pointer went astray",
    `const kept = keep();
     const beyond = bytesAt(addressOf(kept) + 4n * page, 1);
     ${deed("touch(beyond)")}`,
  ],
  [
    "reading a guard page beside no secret",
    "read of a guard page beside no secret: a pointer went astray",
    `const kept = keep();
     const beyond = bytesAt(addressOf(kept) + 5n * page, 1);
     ${deed("touch(beyond)")}`,
  ],
  [
    "reading a page whose last secret is closed and gone",
    `read of a page of a closed secret: ${KEPT}`,
    `const other = Secret.random(32);
     const address = other.withBytes(addressOf);
     other.close();
     const gone = Array.from({ length: 70 }, () => {
       const one = Secret.random(32);
       one.withBytes(() => {});
       one.close();
     });
     ${deed("touch(bytesAt(address, 1)) + gone.length")}`,
  ],
];

/** What is said of secrets of a pool, where it is something else. */
const IN_POOLS: Readonly<Record<string, string>> = {
  "reading before the start, outside the window":
    'read of the space between two secrets of a pool "mine" outside every window',
  "reading after close what was shared": `read of a page of a closed secret: ${KEPT}`,
};

/** These need guards on both sides of a small secret. */
const OF_OWN_PAGES: readonly string[] = [
  "reading one byte past the end, in a window",
  "writing one byte past the end, in a read-write window",
  "reading one byte past the end, with a secret on the next page",
  "reading one page past the end, next to a page that is free",
  "reading one page before the start, in a window",
];
const withoutGuards = ownPages("in a pool a canary is there, and another secret's place");

for (const { skip: missing, ...rungs } of EVERY_RUNG) {
  for (const [name, line, code, length] of DEATHS) {
    test(
      `${name} stops the process, which says why (${nameOf(rungs)})`,
      { skip: skip || missing || (OF_OWN_PAGES.includes(name) && withoutGuards) },
      async () => {
        const wanted = KIND === "own" ? line : IN_POOLS[name] ?? line;
        died(await run(code, rungs, length), lineOn(rungs, wanted));
      },
    );
  }

  test(`the same deeds in the right window do no harm (${nameOf(rungs)})`, {
    skip: skip || missing,
  }, async () => {
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
