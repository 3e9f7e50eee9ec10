/**
 * Copies of a key that is kept in several ways, counted from outside: the tables of
 * docs/faq.md are those of docs/copies.json, and what the text says of them holds here.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { capabilities } from "../mod.ts";
import { type Arrival, ARRIVALS } from "../bench/copies/arrivals.ts";
import { count, countArrival } from "../bench/copies/count.ts";
import { summary, withTables } from "../bench/copies/table.ts";
import { type Copies, type Counts, type Use, USES, type Way, WAYS } from "../bench/copies/ways.ts";
import { withoutWay } from "./proof/support/tracing.ts";
import { commandLine, patience, ROOT, RUNTIME } from "./support/child.ts";
import { unless } from "./support/skip.ts";
import { withoutTerminal } from "./support/terminal.ts";

const copies = JSON.parse(readFileSync(`${ROOT}docs/copies.json`, "utf8")) as Copies;
const faq = readFileSync(`${ROOT}docs/faq.md`, "utf8");
const readme = readFileSync(`${ROOT}README.md`, "utf8");

describe("docs/copies.json", () => {
  it("is what docs/faq.md shows", () => {
    assert.equal(withTables(faq, copies), faq, "run `npm run copies -- --write`");
    const other = structuredClone(copies) as unknown as { date: string };
    other.date = "1970-01-01";
    assert.notEqual(withTables(faq, other as unknown as Copies), faq);
    assert.throws(() => withTables("# Nothing", copies), /no marks/);
  });

  it("is what README.md shows", () => {
    assert.equal(withTables(readme, copies, summary), readme, "run `npm run copies -- --write`");
    for (const name of ["bun", "deno", "node"] as const) {
      const other = structuredClone(copies) as unknown as {
        runtimes: Record<string, { came: Record<string, Counts> }>;
      };
      other.runtimes[name]!.came.file = { kept: 7, after: 7 };
      assert.notEqual(withTables(readme, other as unknown as Copies, summary), readme, name);
    }
  });

  it("has every way, every use and every runtime, and the search has found what is there", () => {
    for (const name of ["bun", "deno", "node"] as const) {
      for (const use of Object.keys(USES) as Use[]) {
        for (const way of Object.keys(WAYS) as Way[]) {
          const { kept, after } = copies.runtimes[name].counts[use][way];
          assert.ok(kept >= 0 && after >= 0, `${name}, ${use}, ${way}`);
          // All but what no reader may read.
          if (way !== "secretmem") assert.ok(kept >= 1, `${name}, ${use}, ${way}`);
        }
      }
    }
  });
});

/** Garbage is collected on demand. Bun does that anyway. */
const FLAGS = { bun: [], deno: ["-A", "--v8-flags=--expose-gc"], node: ["--expose-gc"] }[RUNTIME];

function countHere(way: Way, use: Use): Promise<Counts> {
  return count(
    (script, ...args) => commandLine(script as string, { flags: FLAGS, args }),
    way,
    use,
  );
}

describe("a key that is kept here", () => {
  const skip = withoutWay("mem");
  const limits = { skip, timeout: patience(60_000) };

  it("stands in its array once, and nowhere after that was wiped", limits, async () => {
    assert.deepEqual(await countHere("wiped", "compare"), { kept: 1, after: 0 });
  });

  it(
    "stays in memory as a string that was dropped, unless chance overwrites it",
    limits,
    async () => {
      const seen: Counts[] = [];
      // Nobody wipes it; whether its place is used again so soon is the collector's affair.
      while (seen.length < 6 && !seen.some(({ after }) => after >= 1)) {
        seen.push(await countHere("string", "compare"));
      }
      assert.ok(seen.every(({ kept }) => kept >= 1), JSON.stringify(seen));
      assert.ok(seen.some(({ after }) => after >= 1), JSON.stringify(seen));
    },
  );

  it(
    "stands on its page alone if a producer wrote it there, and nowhere after close",
    limits,
    async () => {
      assert.deepEqual(await countHere("fill", "compare"), { kept: 1, after: 0 });
    },
  );

  it(
    "stands on its page alone if it came in an array, and nowhere after close",
    limits,
    async () => {
      assert.deepEqual(await countHere("from", "compare"), { kept: 1, after: 0 });
    },
  );

  it("stands in its array alone if that was compared with a secret", limits, async () => {
    assert.deepEqual(await countHere("given", "compare"), { kept: 1, after: 0 });
  });

  it("stands nowhere that can be read on the store secretmem", {
    ...limits,
    skip: skip ||
      unless("secretmem", capabilities().stores.secretmem.available, "no memfd_secret here"),
  }, async () => {
    assert.deepEqual(await countHere("secretmem", "compare"), { kept: 0, after: 0 });
  });

  it("is copied by createHmac on Deno, and not on Bun and Node", limits, async () => {
    const { kept, after } = await countHere("fill", "hmac");
    if (RUNTIME === "deno") assert.ok(kept > 100 && after > 100, `${kept}, ${after}`);
    else assert.deepEqual({ kept, after }, { kept: 1, after: 0 });
  });
});

/** Ways in that leave what nobody can wipe: how much of it, is up to the engine. */
const LEAVING: readonly Arrival[] = ["string", "hexString", "base64String"];

describe("a key that becomes a Secret here", () => {
  for (const arrival of Object.keys(ARRIVALS) as Arrival[]) {
    const needs = arrival === "prompt" ? withoutTerminal : false;
    const limits = { skip: withoutWay("mem") || needs, timeout: patience(60_000) };
    const leaves = LEAVING.includes(arrival);
    const name = leaves ? "leaves its text" : "is where docs/copies.json says, and nowhere else";
    it(`by ${ARRIVALS[arrival]} ${name}`, limits, async () => {
      const seen = await countArrival(
        (script, ...args) => commandLine(script as string, { flags: FLAGS, args }),
        arrival,
      );
      if (leaves) assert.ok(seen.kept >= 2, JSON.stringify(seen));
      else assert.deepEqual(seen, copies.runtimes[RUNTIME].came[arrival]);
    });
  }
});
