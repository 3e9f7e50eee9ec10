/**
 * A short soak (`npm run soak` is the long one), in full on one runtime: and that it would notice.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CorruptionError, SecretClosedError } from "../mod.ts";
import { Finding, Ledger } from "../soak/ledger.ts";
import { plot, topOf } from "../soak/plot.ts";
import { contentOf, isContentOf } from "../soak/random.ts";
import type { Report } from "../soak/report.ts";
import { growing, LINES, type Usage } from "../soak/usage.ts";
import { patience, ROOT, runScript, RUNTIME } from "./support/child.ts";
import { COLLECT_FLAGS } from "./support/collect.ts";
import { withFolder } from "./support/native.ts";
import { FAULTS, withoutFaults } from "./support/faults.ts";

/** The lines of memory need a while until they are flat. */
const FULL = ["--minutes", "0.2"];
const SMALL = ["--minutes", "0.2", "--operations", "12000", "--workers", "2"];

async function soak(...args: readonly string[]): Promise<{ report: Report; svg: string }> {
  return await withFolder(async (folder) => {
    const { status, signal, stdout, stderr } = await runScript("soak/main.ts", {
      env: { SECUREMEMORY_LIBRARY: FAULTS },
      flags: COLLECT_FLAGS,
      args: [...args, "--output", folder],
      timeoutMs: 120_000,
    });
    assert.deepEqual({ status, signal }, { status: 0, signal: null }, `${stdout}${stderr}`);
    const report = JSON.parse(readFileSync(join(folder, "soak.json"), "utf8")) as Report;
    return { report, svg: readFileSync(join(folder, "soak.svg"), "utf8") };
  });
}

describe("a soak", { skip: withoutFaults, timeout: patience(150_000) }, () => {
  const [what, args] = RUNTIME === "bun"
    ? ["for 12 seconds", FULL]
    : ["of 12,000 operations", SMALL];

  it(`${what} finds nothing wrong, nothing untyped and nothing left`, async () => {
    const { report, svg } = await soak(...args);
    assert.deepEqual(report.problems, []);
    assert.equal(svg, plot(report));
    const kinds = Object.keys(report.operations).join("\n");
    for (const kind of ["secret", "pool", "sealing pool", "enclave"]) {
      assert.match(kinds, new RegExp(`^close, ${kind}$`, "m"));
    }
    assert.ok((report.faults.mprotect ?? 0) > 0, "No window was made to fail");
    assert.ok(Object.keys(report.errors).length > 0);
  });

  it("does the same for the same seed, where one Worker does it and nothing fails", async () => {
    const run = (seed: string) =>
      soak("--workers", "1", "--operations", "3000", "--no-faults", "--seed", seed);
    const first = (await run("5")).report.operations;
    assert.deepEqual((await run("5")).report.operations, first);
    assert.notDeepEqual((await run("6")).report.operations, first);
  });
});

describe("the soak notices", () => {
  it("a content that is another one, by a single bit", () => {
    const content = contentOf(7, 40);
    assert.equal(isContentOf(7, content), true);
    assert.equal(isContentOf(8, content), false);
    content[39] = (content[39] as number) ^ 1;
    assert.equal(isContentOf(7, content), false);
  });

  it("errors that are not typed, and corruption; both, where one hides the other", () => {
    const wrongAfter = (faults: boolean, error: unknown): number => {
      const ledger = new Ledger(faults);
      const passed = ledger.attempt("test", () => {
        throw error;
      });
      assert.equal(passed, false);
      return ledger.outcome.wrong.length;
    };
    assert.equal(wrongAfter(true, new SecretClosedError()), 0, "the control");
    assert.equal(wrongAfter(true, new TypeError("test")), 1);
    assert.equal(wrongAfter(true, new CorruptionError("test")), 1);
    assert.equal(wrongAfter(true, new Finding("test")), 1);
    const both = new SuppressedError(new SecretClosedError(), new RangeError("test"));
    assert.equal(wrongAfter(true, both), 1);
  });

  it("a secret that is closed although nobody has closed it", () => {
    const ledger = new Ledger(false);
    const secret = { isClosed: true } as never;
    ledger.settle({ what: "secret", secret, seed: 1, length: 1, shared: true, home: undefined });
    assert.equal(ledger.outcome.wrong.length, 0, "the control");
    ledger.settle({ what: "secret", secret, seed: 1, length: 1, shared: false, home: undefined });
    assert.equal(ledger.outcome.wrong.length, 1);
  });

  it("each line that goes on growing, and none that is flat", () => {
    const flat: Usage[] = Array.from({ length: 40 }, (_, seconds) => ({
      seconds,
      // A collector's teeth.
      residentBytes: (200 << 20) + (seconds % 5 << 22),
      mappings: 900,
      lockedBytes: 2 << 20,
      descriptors: 20,
    }));
    assert.deepEqual(growing(flat), []);
    for (const { name, title, slack } of LINES) {
      const leaking = flat.map((sample, index) => ({
        ...sample,
        [name]: sample[name] + index * (slack + sample[name]) / 10,
      }));
      assert.equal(growing(leaking).length, 1);
      assert.match(growing(leaking)[0] as string, new RegExp(`^${title} grew`));
    }
    assert.notDeepEqual(growing([]), []);
  });
});

describe("docs/soak.svg", () => {
  const report = JSON.parse(readFileSync(`${ROOT}docs/soak.json`, "utf8")) as Report;

  it("is what the script draws from docs/soak.json, of a run without a problem", () => {
    assert.equal(readFileSync(`${ROOT}docs/soak.svg`, "utf8"), plot(report), "run `npm run soak`");
    assert.deepEqual(report.problems, []);
    const other = { ...report, seconds: report.seconds + 1 };
    assert.notEqual(plot(other), plot(report), "the control makes no difference");
  });

  it("has axes that nothing is above, and not far above", () => {
    for (const most of [1, 3, 700, 5_000_000, 2 ** 30]) {
      const top = topOf(most);
      assert.ok(top >= most && top <= most * 1.4, `${most}: ${top}`);
    }
  });
});
