/**
 * Pools and enclaves beside a secret with pages of its own, the floor and the peers.
 *
 * @module
 */
import { configure, Enclave, Secret, SecretPool } from "../mod.ts";
import { floor } from "./floor.ts";
import { OWN_PAGE, WINDOW } from "./references.ts";
import { type Subject, type Timed, timed, timedWithTurn } from "./sample.ts";

const BYTES = 32;
/** As many as in operations.ts, and for its reason. */
const TURNS = 8;
let sink = 0;

const touch = (bytes: Uint8Array): number => bytes[0] as number;
const bare = (rounds: number) => floor(rounds, BYTES);

/** Things that take turns, one loop each. */
function turns<T>(make: () => T): () => T {
  const all = Array.from({ length: TURNS }, make);
  let turn = 0;
  return () => all[turn++ % TURNS] as T;
}

/** Functions of their own, so that one's call sites do not blur another's. */
function ownWindows(): Timed {
  const next = turns(() => Secret.random(BYTES));
  return timed((rounds) => {
    const secret = next();
    for (let round = 0; round < rounds; round++) sink = secret.withBytes(touch);
  });
}

function poolWindows(): Timed {
  const next = turns(() => new SecretPool().random(BYTES));
  return timed((rounds) => {
    const secret = next();
    for (let round = 0; round < rounds; round++) sink = secret.withBytes(touch);
  });
}

/** Three secrets on one page, since nothing else is in their pool. */
function windowsOnThree(): Timed {
  const pool = new SecretPool();
  const three = [pool.random(BYTES), pool.random(BYTES), pool.random(BYTES)] as const;
  const touchAll = (a: Uint8Array, b: Uint8Array, c: Uint8Array): number =>
    (a[0] as number) + (b[0] as number) + (c[0] as number);
  return timed((rounds) => {
    for (let round = 0; round < rounds; round++) sink = pool.withBytes(three, touchAll);
  });
}

function lives(pool: SecretPool): Timed {
  const source = new Uint8Array(BYTES);
  return timedWithTurn((rounds) => {
    for (let round = 0; round < rounds; round++) pool.from(source).close();
  });
}

/** More than are ever hot, so that each is cold when its turn comes. */
function enclaveWindows(slots: number, enclaves: readonly Enclave[]): Timed {
  let turn = 0;
  const loop = timed((rounds) => {
    for (let round = 0; round < rounds; round++) {
      sink = (enclaves[turn++ % enclaves.length] as Enclave).withBytes(touch);
    }
  });
  return (rounds) => {
    configure({ enclaveSlots: slots });
    return loop(rounds);
  };
}

/** What is measured of them. */
export function poolSubjects(): Subject[] {
  const enclaves = Array.from({ length: 64 }, () => Enclave.seal(new Uint8Array(BYTES)));
  return [
    {
      name: "window on a pool's secret",
      bytes: BYTES,
      references: { floor: bare, [OWN_PAGE]: ownWindows() },
      run: poolWindows(),
    },
    {
      name: "pool.withBytes of three secrets",
      bytes: BYTES,
      references: { floor: bare, [WINDOW]: ownWindows() },
      run: windowsOnThree(),
    },
    {
      name: "create and close in a pool",
      bytes: BYTES,
      references: { floor: bare },
      run: lives(new SecretPool()),
    },
    {
      name: "create and close in a sealing pool",
      bytes: BYTES,
      references: { floor: bare },
      run: lives(new SecretPool({ onPressure: "seal" })),
    },
    {
      name: "enclave, cold",
      bytes: BYTES,
      references: { floor: bare, [WINDOW]: ownWindows() },
      run: enclaveWindows(0, enclaves),
    },
    {
      name: "enclave, hot",
      bytes: BYTES,
      references: { floor: bare, [WINDOW]: ownWindows() },
      run: enclaveWindows(16, enclaves.slice(0, 4)),
    },
    {
      name: "seal and close an enclave",
      bytes: BYTES,
      references: { floor: bare },
      run: timedWithTurn((rounds) => {
        const source = new Uint8Array(BYTES);
        for (let round = 0; round < rounds; round++) Enclave.seal(source).close();
      }),
    },
  ];
}

/** What the loops computed last; printed nowhere. */
export function lastResult(): number {
  return sink;
}
