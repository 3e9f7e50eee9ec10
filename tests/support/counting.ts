/**
 * A process whose core counts its system calls.
 *
 * @module
 */
import { FAULTS } from "./faults.ts";
import { moduleUrl, reported } from "./report.ts";
import { environmentOf, type Rungs } from "./rungs.ts";

/** How often the core called the system, by the names of `STEPS`, without what was not called. */
export type Counts = { readonly [step: string]: number };

/** Runs code in a child; `counted(action)` gives the system calls of an action. */
export function inCountingChild<T>(rungs: Rungs, code: string): Promise<T> {
  return reported<T>(
    `
    import { library } from ${moduleUrl("src/native/library.ts")};
    import { STEPS } from ${moduleUrl("src/native/abi.ts")};
    import { untilIdle } from ${moduleUrl("tests/support/idle.ts")};
    const { runtime, path } = library();
    const faults = runtime.load(path, {
      securememory_fault_arm: { parameters: ["u32", "u32", "u32"], result: "i32" },
      securememory_fault_count: { parameters: ["u32"], result: "u32" },
    });
    const counted = (action) => {
      faults.securememory_fault_arm(0, 0, 0);
      action();
      const counts = STEPS.map((name, step) => [name || "all", faults.securememory_fault_count(step)]);
      return Object.fromEntries(counts.filter(([, count]) => count > 0));
    };
    const hundred = (action) => counted(() => {
      for (let round = 0; round < 100; round++) action(round);
    });
    const make = () => Secret.from(new Uint8Array([1, 2, 3]));
    /** Memory of memfd_secret(2) takes more calls when it is used first. */
    const useEveryPage = () => {
      const used = [make()];
      while (securememory.stats().freePages > 0) used.push(make());
      for (const secret of used) secret.close();
    };
    ${code}
    `,
    { env: { SECUREMEMORY_LIBRARY: FAULTS, ...environmentOf(rungs) } },
  );
}

/** Calls of one kind and no others. */
export function only(step: string, count: number): Counts {
  return count === 0 ? {} : { all: count, [step]: count };
}
