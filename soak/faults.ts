/**
 * System calls that fail now and then: the library that tests load can do that, and counts.
 *
 * @module
 */
import { STEPS } from "../src/native/abi.ts";
import { library } from "../src/native/library.ts";
import type { Random } from "./random.ts";

/** Failures that a system call may have, as in errno(3) of Linux: EPERM, EAGAIN, ENOMEM, EACCES. */
const ERRNOS = [1, 11, 12, 13] as const;

/** One operation in so many is made to fail somewhere. */
const ONE_IN = 20;
/** At most so many calls after it: most operations make fewer. */
const CALLS_MAX = 6;

/** The switch of the library whose system calls fail. */
export interface Faults {
  /** Before an operation: perhaps a call fails that it makes, or that comes later. */
  perhaps(random: Random): void;
  /** None fails any more. */
  stop(): void;
  /** How many failed so far in this process, by the name of the call. */
  failed(): Record<string, number>;
}

/**
 * The switch, in the thread that calls this; all threads have the same one.
 *
 * @throws If the library that is loaded cannot fail.
 */
export function loadFaults(): Faults {
  const { runtime, path } = library();
  const calls = runtime.load(path, {
    securememory_fault_arm: { parameters: ["u32", "u32", "u32"], result: "i32" },
    securememory_fault_failures: { parameters: ["u32"], result: "u32" },
  });
  return {
    perhaps(random) {
      const chance = random(ONE_IN);
      const [call, errno] = [1 + random(CALLS_MAX), random(ERRNOS.length)];
      // One at a time: where what should make up for a failure fails as well, a page is lost, wiped
      // and closed, and no line could be flat. Tests of their own look at that.
      if (chance === 0) calls.securememory_fault_arm(call, ERRNOS[errno] as number, 1);
    },
    stop() {
      calls.securememory_fault_arm(0, 0, 1);
    },
    failed() {
      const counts = STEPS.map((name, step) =>
        [name, calls.securememory_fault_failures(step)] as const
      );
      return Object.fromEntries(counts.slice(1).filter(([, count]) => count > 0));
    },
  };
}

/** Nothing fails. */
export const NO_FAULTS: Faults = { perhaps() {}, stop() {}, failed: () => ({}) };
