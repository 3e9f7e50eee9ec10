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

/**
 * Secrets that take turns, one loop each. The kernel keeps mappings in a tree, and a page
 * at the edge of one of its nodes costs a tenth more to open than its neighbours: one
 * secret alone would make a run a lucky or an unlucky one.
 */
function turns(bytes: number, make: () => Secret): () => Secret {
  const secrets = Array.from({ length: bytes <= 4096 ? 8 : 1 }, make);
  let turn = 0;
  return () => secrets[turn++ % secrets.length] as Secret;
}

/** Floor, windows, and what runs inside one window. */
export function windowSubjects(bytes: number): Subject[] {
  const next = turns(bytes, () => Secret.random(bytes));
  const plain = new Uint8Array(bytes);
  const equal = Secret.from(new Uint8Array(bytes));
  const nextEqual = turns(bytes, () => equal.copy());
  const target = new Uint8Array(bytes);
  const references = { floor: (rounds: number) => floor(rounds, bytes) };
  const subjects: Subject[] = [
    { name: "floor", bytes, run: references.floor },
    {
      name: "cold window",
      bytes,
      references,
      run: timed((rounds) => {
        const secret = next();
        for (let round = 0; round < rounds; round++) sink = secret.withBytes(touch);
      }),
    },
    {
      name: "readInto",
      bytes,
      references,
      run: timed((rounds) => {
        const secret = next();
        for (let round = 0; round < rounds; round++) sink = secret.readInto(target);
      }),
    },
    {
      name: "equals bytes",
      bytes,
      references,
      run: timed((rounds) => {
        const secret = nextEqual();
        for (let round = 0; round < rounds; round++) sink += secret.equals(plain) ? 1 : 0;
      }),
    },
    {
      name: "equals secret",
      bytes,
      references,
      run: timed((rounds) => {
        const secret = nextEqual();
        for (let round = 0; round < rounds; round++) sink += secret.equals(equal) ? 1 : 0;
      }),
    },
  ];
  return bytes === 32 ? [...subjects, open(next, references), nested(next)] : subjects;
}

function open(next: () => Secret, references: { readonly [name: string]: Timed }): Subject {
  return {
    name: "open and dispose",
    bytes: 32,
    references,
    run: timed((rounds) => {
      const secret = next();
      for (let round = 0; round < rounds; round++) {
        const window = secret.open();
        sink = window.bytes[0] as number;
        window[Symbol.dispose]();
      }
    }),
  };
}

/** A window inside a window that is open already. */
function nested(next: () => Secret): Subject {
  let chosen: Secret;
  const run = timed((rounds) => {
    const secret = chosen;
    for (let round = 0; round < rounds; round++) sink = secret.withBytes(touch);
  });
  return {
    name: "nested window",
    bytes: 32,
    run(rounds) {
      chosen = next();
      return chosen.withBytes(() => run(rounds) as number);
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
