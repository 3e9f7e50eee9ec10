/**
 * Each system call of the library, refused by the kernel: the rows of refusals.ts, each
 * with three errnos, for "auto" and for every rung that this host has.
 *
 * Every case is the first use of a library of its own: see workers/refused.ts, which
 * lives the life of a small and of a large secret and tells what became of each step.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { SecretOptions, SecretStatus } from "../../mod.ts";
import { patience } from "../support/child.ts";
import { withoutZig } from "../support/native.ts";
import { type Case, type Observer, observer } from "../support/refused.ts";
import { isOneOf, type RecordedCall } from "../support/seccomp.ts";
import { unless } from "../support/skip.ts";
import type { Observation } from "../workers/refused.ts";
import { NOT_REFUSED, PARTS, type Row, ROWS, type Rung } from "./refusals.ts";
import {
  type Control,
  type ErrnoName,
  ERRNOS,
  firstFailure,
  withoutNumber,
} from "./refusals_compare.ts";

/** What secrets are asked to be: the best there is, or one rung of each ladder. */
const REQUIRED: readonly (Rung | undefined)[] = [
  undefined,
  ...(["secretmem", "locked"] as const).flatMap((store) =>
    (["pkey", "mprotect"] as const).map((gate) => ({ store, gate }))
  ),
];

function optionsOf(required: Rung | undefined, allowUnlocked = false): SecretOptions {
  const { store, gate } = required ?? { store: "auto", gate: "auto" };
  return { store, gate, allowUnlocked } as SecretOptions;
}

async function controlsOf({ observe }: Observer): Promise<Control[]> {
  const all = await observe(
    REQUIRED.map((required) => ({ rules: [], from: "load", options: optionsOf(required) })),
  );
  const controls: Control[] = [];
  for (const [index, required] of REQUIRED.entries()) {
    const observed = all[index] as Observation;
    const name = required === undefined ? "auto" : `${required.store} and ${required.gate}`;
    const created = observed.steps["page.create"];
    const { hibernation, stores } = observed.capabilities;
    if (required === undefined && hibernation !== "unavailable" && stores.secretmem.available) {
      unless(name, false, "which store it takes depends on who else blocks hibernation here");
    } else if (created === "ok") {
      const { store, gate } = observed.statuses.page as Rung;
      controls.push({ name, required, rung: { store, gate }, observed });
    } else unless(name, false, created?.message ?? "the library did not start");
  }
  return controls;
}

/** The calls that the library makes for each, in a child of its own: it is hardened, too. */
async function callsOf({ observe }: Observer, controls: Control[]): Promise<RecordedCall[]> {
  const calls: RecordedCall[] = [];
  for (const { required, observed } of controls) {
    const options = optionsOf(required);
    const [seen] = await observe([
      { rules: [], record: true, from: "load", options, hardening: true },
    ]) as [Observation];
    for (const [which, status] of Object.entries(observed.statuses)) {
      const written = withoutNumber(seen.statuses[which] as SecretStatus);
      assert.deepEqual(written, withoutNumber(status), "Writing calls down changes their outcome");
    }
    calls.push(...seen.recorded);
  }
  return calls;
}

const skip = withoutZig;
const running = skip ? undefined : observer();
after(() => running?.end());
const controls = running === undefined ? [] : await controlsOf(running);
const calls = running === undefined ? [] : await callsOf(running, controls);

/** One errno is enough where nothing is different, and for "auto" if it gives the same rung. */
function errnosFor({ wanted }: Row, { required, rung }: Control): ErrnoName[] {
  const names = Object.keys(ERRNOS) as ErrnoName[];
  const auto = required === undefined;
  const { rung: other, fails, status } = wanted({ errno: ERRNOS.EPERM, auto, rung });
  const all = auto ? other !== undefined : fails !== undefined || status !== undefined;
  return all ? names : names.slice(0, 1);
}

describe("a system call that the kernel refuses", () => {
  for (const row of ROWS) {
    const made = calls.some((call) => isOneOf(call, row.calls));
    const reason = "the library does not make this call here";
    it(row.name, {
      skip: skip || unless(row.name, made, reason),
      timeout: patience(60_000),
    }, async () => {
      const cases = controls.flatMap((control) =>
        errnosFor(row, control).map((errno) => ({ control, errno }))
      );
      const { observe } = running as Observer;
      const observing = observe(cases.map(({ control, errno }): Case => ({
        rules: row.calls.map((call) => ({ ...call, errno: ERRNOS[errno] })),
        from: row.from ?? "load",
        options: optionsOf(control.required, row.allowUnlocked),
        hardening: row.hardening === true,
      })));
      const { wanted, unfixed } = row;
      if (unfixed !== undefined) console.log(`not as it has to be: ${row.name}: ${unfixed.why}`);
      if (unfixed?.dies === true) return await assert.rejects(observing, assert.AssertionError);
      const observed = await observing;
      const seen = cases.map((one, index) => ({
        ...one,
        observed: observed[index] as Observation,
      }));
      const failure = firstFailure(seen, { controls, row, wanted, parts: PARTS });
      if (unfixed === undefined) {
        if (failure !== undefined) throw failure;
        return;
      }
      const { why, now = wanted, wrong = [] } = unfixed;
      assert.ok(failure, `It is fixed, so take it out of the table: ${why}`);
      const parts = PARTS.filter((part) => !wrong.includes(part));
      const worse = firstFailure(seen, { controls, row, wanted: now, parts });
      if (worse !== undefined) throw worse;
    });
  }
});

it("the library makes no system call that the table does not have", { skip }, () => {
  const known = [...ROWS.flatMap((row) => row.calls), ...NOT_REFUSED];
  const unknown = calls.filter((call) => !isOneOf(call, known));
  assert.deepEqual(unknown, []);
  assert.ok(calls.length > 0);
});
