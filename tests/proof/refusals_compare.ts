/**
 * Compares what became of a case with what its row wants.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Availability, Capabilities, SecretStatus } from "../../mod.ts";
import type { Observation, Outcome } from "../workers/refused.ts";
import {
  type Difference,
  EACCES,
  ENOSYS,
  EPERM,
  type Failures,
  type Part,
  type Row,
  type Rung,
  type Wanted,
} from "./refusals.ts";

/** What system calls are answered. */
export const ERRNOS = { EPERM, ENOSYS, EACCES };
export type ErrnoName = keyof typeof ERRNOS;

/** What can be asked for here, and how a life goes when nothing is refused. */
export interface Control {
  readonly name: string;
  /** The rung that is asked for; none leaves the choice to the library. */
  readonly required: Rung | undefined;
  /** What it then is. */
  readonly rung: Rung;
  readonly observed: Observation;
}

/** One case, and what became of it. */
export interface Seen {
  readonly control: Control;
  readonly errno: ErrnoName;
  readonly observed: Observation;
}

/** What cases are compared with. */
export interface Comparison {
  readonly controls: readonly Control[];
  readonly row: Row;
  readonly wanted: Wanted;
  readonly parts: readonly Part[];
}

/** Which errors have which code; none is of another class than it says. */
const CODES: { readonly [name: string]: string } = {
  AllocationError: "ALLOCATION_FAILED",
  LockLimitError: "LOCK_LIMIT",
  ProtectionError: "PROTECTION_FAILED",
  SecretClosedError: "SECRET_CLOSED",
  UnsupportedError: "UNSUPPORTED",
};

function short(outcome: Outcome): string {
  return outcome === "ok" ? "ok" : `${outcome.name} ${outcome.syscall}`.trimEnd();
}

/** Of the steps of an undisturbed life, those that are left, and how each has to end. */
function expectedSteps(control: Control, fails: Failures, hardening: boolean): Failures {
  if (fails.start !== undefined) return { start: fails.start };
  const names = [...Object.keys(control.observed.steps), ...hardening ? ["harden"] : []];
  const left = names.filter((name) => {
    const [which, step] = name.split(".");
    const ofLife = step !== undefined && step !== "create" && step !== "again";
    return !ofLife || fails[`${which}.create`] === undefined;
  });
  return Object.fromEntries(left.map((name) => [name, fails[name] ?? "ok"]));
}

function checkError(outcome: Outcome, errno: ErrnoName): void {
  if (outcome === "ok") return;
  assert.equal(outcome.code, CODES[outcome.name], outcome.name);
  if (outcome.syscall === "") return;
  if (outcome.syscall !== "pkey_self_test") assert.equal(outcome.errno, ERRNOS[errno]);
  assert.ok(outcome.message.includes(saysWhy(outcome.syscall, errno)), outcome.message);
}

/** What a text has to have: a test that fails has no errno of its own. */
function saysWhy(step: string, errno: ErrnoName): string {
  if (step === "pkey_self_test") return "protection keys do not hold here";
  return `${step} failed with ${errno} ${ERRNOS[errno]}`;
}

const ON_THE_GROUND: ReadonlySet<string> = new Set(["locked", "mprotect"]);
const FIRST_STEPS: ReadonlySet<string> = new Set(["memfd_secret", "pkey_alloc", "mlock"]);

/** What "auto" gives is what `capabilities()` says, with the reason for what is missing. */
function checkCapabilities(
  { capabilities, steps }: Observation,
  { fails = {}, missing = {} }: Difference,
  control: Control,
  errno: ErrnoName,
): void {
  const failed = steps.start === "ok" ? steps.random : steps.start;
  assert.ok(failed !== undefined);
  assert.equal(capabilities.supported, failed === "ok");
  if (failed !== "ok") return assert.equal(capabilities.reason, failed.message);
  // Without a look at a secret it is not known what holds.
  if (fails["page.status"] !== undefined) return;
  const usual = rungsOf(control.observed.capabilities);
  for (const [name, { available, reason = "" }] of Object.entries(rungsOf(capabilities))) {
    const step = missing[name as keyof typeof missing];
    const had = usual[name]?.available === true;
    if (step === undefined) {
      // Where it is on the ground and cannot be had now, the refusal is the reason.
      const refused = ON_THE_GROUND.has(name) && reason.includes(`failed with ${errno}`);
      assert.ok(available === had || refused, `${name}: ${reason}`);
      continue;
    }
    assert.equal(available, false, name);
    // The first step is tried on every host, the others only where there is such a rung.
    if (!had && !FIRST_STEPS.has(step)) continue;
    assert.ok(reason.includes(saysWhy(step, errno)), reason);
    // What to do about it is not told of what it does not help.
    assert.equal(reason.includes("ulimit"), step === "mlock" && errno === "EPERM", reason);
  }
}

function rungsOf({ stores, gates, guardSealing }: Capabilities): Record<string, Availability> {
  return { ...stores, ...gates, sealing: guardSealing };
}

function check(
  { control, errno, observed }: Seen,
  { controls, row, wanted, parts }: Comparison,
): void {
  const auto = control.required === undefined;
  const different = wanted({ errno: ERRNOS[errno], auto, rung: control.rung });
  const usual = different.rung === undefined ? control : controlOf(controls, different.rung);
  const checks: Record<Part, () => void> = {
    steps() {
      assert.deepEqual(
        Object.fromEntries(
          Object.entries(observed.steps).map(([name, outcome]) => [name, short(outcome)]),
        ),
        expectedSteps(control, different.fails ?? {}, row.hardening === true),
      );
    },
    errors() {
      for (const outcome of Object.values(observed.steps)) checkError(outcome, errno);
    },
    status() {
      for (const [which, status] of Object.entries(observed.statuses)) {
        const wanted = { ...usual.observed.statuses[which] as SecretStatus, ...different.status };
        assert.deepEqual(withoutNumber(status), withoutNumber(wanted), which);
      }
    },
    faults() {
      assert.deepEqual(observed.faults, []);
      assert.deepEqual(observed.lost, row.loses ?? []);
    },
    capabilities() {
      if (auto && !row.allowUnlocked) checkCapabilities(observed, different, control, errno);
    },
  };
  for (const part of parts) checks[part]();
}

/** Which of the keys a page has is chance. */
export function withoutNumber({ pkey, ...status }: SecretStatus): object {
  return { ...status, pkey: typeof pkey };
}

/** The first case that is not as it has to be. */
export function firstFailure(seen: readonly Seen[], comparison: Comparison): Error | undefined {
  for (const one of seen) {
    try {
      check(one, comparison);
    } catch (error) {
      assert.ok(error instanceof Error);
      error.message = `${one.control.name}, ${one.errno}: ${error.message}`;
      return error;
    }
  }
  return undefined;
}

function controlOf(controls: readonly Control[], { store, gate }: Rung): Control {
  const found = controls.find(({ required }) =>
    required?.store === store && required.gate === gate
  );
  assert.ok(found, `This host has no ${store} and ${gate}`);
  return found;
}
