/**
 * What is measured of the library: each operation in a loop of its own, so that one's
 * call sites do not blur another's.
 *
 * @module
 */
import { Secret } from "../mod.ts";
import { floor } from "./floor.ts";
import { type Subject, type Timed, timed, timedWithTurn } from "./sample.ts";

/** Lengths that a row is measured for. */
export const LENGTHS = [32, 4096, 1 << 20] as const;

/** Keeps results alive, so that no loop is empty. */
let sink = 0;

const touch = (bytes: Uint8Array): number => bytes[0] as number;

/** Floor, windows, and what runs inside one window, on one secret. */
export function windowSubjects(bytes: number): Subject[] {
  const secret = Secret.random(bytes);
  const equal = secret.copy();
  const plain = secret.withBytes((view) => view.slice());
  const target = new Uint8Array(bytes);
  const references = { floor: (rounds: number) => floor(rounds, bytes) };
  const subjects: Subject[] = [
    { name: "floor", bytes, run: references.floor },
    {
      name: "cold window",
      bytes,
      references,
      run: timed((rounds) => {
        for (let round = 0; round < rounds; round++) sink = secret.withBytes(touch);
      }),
    },
    {
      name: "readInto",
      bytes,
      references,
      run: timed((rounds) => {
        for (let round = 0; round < rounds; round++) sink = secret.readInto(target);
      }),
    },
    {
      name: "equals bytes",
      bytes,
      references,
      run: timed((rounds) => {
        for (let round = 0; round < rounds; round++) sink += secret.equals(plain) ? 1 : 0;
      }),
    },
    {
      name: "equals secret",
      bytes,
      references,
      run: timed((rounds) => {
        for (let round = 0; round < rounds; round++) sink += secret.equals(equal) ? 1 : 0;
      }),
    },
  ];
  return bytes === 32 ? [...subjects, open(secret, references), nested(secret)] : subjects;
}

function open(secret: Secret, references: { readonly [name: string]: Timed }): Subject {
  return {
    name: "open and dispose",
    bytes: secret.length,
    references,
    run: timed((rounds) => {
      for (let round = 0; round < rounds; round++) {
        const window = secret.open();
        sink = window.bytes[0] as number;
        window[Symbol.dispose]();
      }
    }),
  };
}

/** A window inside a window that is open already. */
function nested(secret: Secret): Subject {
  const loop = timed((rounds) => {
    for (let round = 0; round < rounds; round++) sink = secret.withBytes(touch);
  });
  return {
    name: "nested window",
    bytes: secret.length,
    run(rounds) {
      using _outer = secret.open();
      return loop(rounds);
    },
  };
}

/** Making a secret and closing it. */
export function lifeSubjects(bytes: number): Subject[] {
  const references = { floor: (rounds: number) => floor(rounds, bytes) };
  const source = new Uint8Array(bytes);
  return [
    {
      name: "create and close",
      bytes,
      references,
      run: timedWithTurn((rounds) => {
        for (let round = 0; round < rounds; round++) Secret.from(source).close();
      }),
    },
    {
      name: "create random and close",
      bytes,
      references,
      run: timedWithTurn((rounds) => {
        for (let round = 0; round < rounds; round++) Secret.random(bytes).close();
      }),
    },
    {
      name: "create, one window, close",
      bytes,
      references,
      run: timedWithTurn((rounds) => {
        for (let round = 0; round < rounds; round++) {
          const secret = Secret.from(source);
          sink = secret.withBytes(touch);
          secret.close();
        }
      }),
    },
  ];
}

/** What the loops computed last; printed nowhere. */
export function lastResult(): number {
  return sink;
}
