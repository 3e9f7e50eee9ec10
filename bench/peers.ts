/**
 * The peers that are there, and what of theirs stands beside which operation of ours.
 *
 * @module
 */
import { floor } from "./floor.ts";
import { go } from "./go.ts";
import type { Skipped } from "./report.ts";
import type { Subject, Timed } from "./sample.ts";
import { sodium } from "./sodium.ts";

type References = Readonly<Record<string, Timed>>;

/** All peers of a run. */
export interface Peers {
  /** What to measure beside an operation on 32 bytes. */
  beside(operation: string): References;
  /** Peers in this process, as rows of their own. */
  readonly subjects: readonly Subject[];
  readonly skipped: readonly Skipped[];
  end(): void;
}

/** Loads or starts what can be. */
export function startPeers(): Peers {
  const skipped: Skipped[] = [];
  const attempt = <T>(what: string, start: () => T): T | undefined => {
    try {
      return start();
    } catch (error) {
      skipped.push({ what, why: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  };
  const npm = attempt("sodium-native", sodium);
  const child = attempt("Go: memguard, Asherah", go);
  const named = (operation: string): Record<string, Timed | undefined> => {
    switch (operation) {
      case "cold window":
        return {
          "sodium-native": npm?.window,
          "Asherah": child?.timed("Asherah cold window"),
        };
      case "nested window":
        return { "Asherah": child?.timed("Asherah nested window") };
      case "create and close":
        return {
          "sodium-native": npm?.life,
          "Asherah": child?.timed("Asherah create and close"),
          "memguard": child?.timed("memguard create and close"),
        };
      case "create and close in a pool":
      case "create and close in a sealing pool":
        return {
          "sodium-native": npm?.life,
          "Asherah": child?.timed("Asherah create and close"),
          "memguard": child?.timed("memguard create and close"),
        };
      case "enclave, cold":
      case "enclave, hot":
        return { "memguard": child?.timed("memguard Enclave open and destroy") };
      case "create random and close":
        return { "memguard": child?.timed("memguard create random and close") };
      default:
        return {};
    }
  };
  const bare = { floor: (rounds: number) => floor(rounds, 32) };
  return {
    beside: (operation) =>
      Object.fromEntries(
        Object.entries(named(operation)).filter((entry): entry is [string, Timed] =>
          entry[1] !== undefined
        ),
      ),
    subjects: npm === undefined ? [] : [
      { name: "sodium-native cold window", bytes: 32, run: npm.window, references: bare },
      { name: "sodium-native create and close", bytes: 32, run: npm.life, references: bare },
    ],
    skipped,
    end: () => child?.end(),
  };
}
