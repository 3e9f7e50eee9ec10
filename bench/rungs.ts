/**
 * The rungs of the two ladders, each beside the one below it: what a better store or gate
 * costs, or saves.
 *
 * @module
 */
import { capabilities, configure, Secret, type SecretOptions } from "../mod.ts";
import { floor } from "./floor.ts";
import { type Subject, type Timed, timed, timedWithTurn } from "./sample.ts";

/** References that are rungs. */
export const LOCKED = "locked";
export const MPROTECT = "mprotect";

const BYTES = 32;
let sink = 0;

const touch = (bytes: Uint8Array): number => bytes[0] as number;

/** What can be measured here; the rest is skipped, and `skippedRungs` says why. */
export function rungSubjects(): Subject[] {
  const { stores, gates } = capabilities();
  return [
    ...(stores.secretmem.available ? secretmemSubjects() : []),
    ...(gates.pkey.available ? pkeySubjects() : []),
  ];
}

/** The rungs that this host lacks. */
export function skippedRungs(): { what: string; why: string }[] {
  const { stores, gates } = capabilities();
  return [
    { what: "the store secretmem", ...stores.secretmem },
    { what: "the gate pkey", ...gates.pkey },
  ].filter(({ available }) => !available).map(({ what, reason }) => ({ what, why: reason ?? "" }));
}

function secretmemSubjects(): Subject[] {
  const on = (store: "secretmem" | "locked"): SecretOptions => ({ store, gate: "mprotect" });
  return [
    {
      name: "cold window on secretmem",
      bytes: BYTES,
      run: windowsOn(on("secretmem")),
      references: { [LOCKED]: windowsOn(on("locked")) },
    },
    {
      name: "create and close on secretmem",
      bytes: BYTES,
      run: livesOn(on("secretmem")),
      references: { [LOCKED]: livesOn(on("locked")) },
    },
  ];
}

function pkeySubjects(): Subject[] {
  const under = (gate: "pkey" | "mprotect"): SecretOptions => ({ store: "locked", gate });
  const references = { floor: (rounds: number) => floor(rounds, BYTES) };
  return [
    {
      name: "cold window under pkey",
      bytes: BYTES,
      run: windowsOn(under("pkey")),
      references: { ...references, [MPROTECT]: windowsOn(under("mprotect")) },
    },
    { name: "nested window under pkey", bytes: BYTES, run: nestedOn(under("pkey")) },
    {
      name: "cold window under pkey, twice as many secrets as keys",
      bytes: BYTES,
      run: windowsOn(under("pkey"), 16),
      references: { ...references, [MPROTECT]: windowsOn(under("mprotect"), 16) },
    },
    {
      name: "create and close under pkey",
      bytes: BYTES,
      run: livesOn(under("pkey")),
      references: { ...references, [MPROTECT]: livesOn(under("mprotect")) },
    },
  ];
}

/** Windows on one of several secrets at a time, or on one after the other. */
function windowsOn(options: SecretOptions, inTurn = 0): Timed {
  const secrets = Array.from({ length: inTurn || 4 }, () => Secret.random(BYTES, options));
  let turn = 0;
  return timed((rounds) => {
    const chosen = secrets[turn++ % secrets.length] as Secret;
    for (let round = 0; round < rounds; round++) {
      const secret = inTurn === 0 ? chosen : secrets[round % inTurn] as Secret;
      sink += secret.withBytes(touch);
    }
  });
}

function nestedOn(options: SecretOptions): Timed {
  const secret = Secret.random(BYTES, options);
  const run = timed((rounds) => {
    for (let round = 0; round < rounds; round++) sink += secret.withBytes(touch);
  });
  return (rounds) => secret.withBytes(() => run(rounds) as number);
}

function livesOn(options: SecretOptions): Timed {
  const source = new Uint8Array(BYTES);
  return timedWithTurn((rounds) => {
    for (let round = 0; round < rounds; round++) Secret.from(source, options).close();
  });
}

/** A window as it is before and after all that must cost it nothing: run in this order. */
export function bareSubject(): Subject {
  configure({ diagnostics: false });
  return { ...onPath("cold window, nothing else on"), bytes: BYTES };
}

/** The same with the fault handler in place, a full quarantine, and a status that was asked for. */
export function loadedSubject(): Subject {
  configure({ diagnostics: true });
  const subject = onPath("cold window, all on");
  for (let closed = 0; closed < 100; closed++) {
    const secret = Secret.random(BYTES);
    secret.withBytes(touch);
    secret.status();
    secret.close();
  }
  return subject;
}

function onPath(name: string): Subject {
  const references = { floor: (rounds: number) => floor(rounds, BYTES) };
  return { name, bytes: BYTES, references, run: windowsOn({}) };
}
