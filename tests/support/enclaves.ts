/**
 * The ways in which an enclave can be opened for a window: claims hold for each of them.
 *
 * @module
 */
import { capabilities, configure, Enclave } from "../../mod.ts";
import { type Rungs, testOnGates } from "./rungs.ts";

const PAGE = capabilities().pageSize;

/** What a test is told of the way. */
export interface Way {
  readonly name: "cold" | "hot" | "large";
  /** Bytes of {@linkcode four}. */
  readonly length: number;
  /** An enclave that begins with 1, 2, 3, 4; beyond that there are fours. */
  four(label?: string): Enclave;
}

function way(name: Way["name"], length: number): Way {
  return {
    name,
    length,
    four(label) {
      const bytes = new Uint8Array(length).fill(4);
      bytes.set([1, 2, 3, 4]);
      const enclave = Enclave.seal(bytes, label === undefined ? {} : { label });
      // The second use is what makes it hot.
      if (name === "hot") { for (const _ of [1, 2]) enclave.withBytes(() => {}); }
      return enclave;
    },
  };
}

/** Decrypted each time, kept open, and of more than a page. */
export const WAYS: readonly Way[] = [way("cold", 4), way("hot", 4), way("large", PAGE + 4)];

/** One test for each way and gate. While it runs, the cache is on for `hot` alone. */
export function testOnWays(name: string, run: (way: Way, rungs: Rungs) => unknown): void {
  for (const way of WAYS) {
    testOnGates(`${name}: ${way.name}`, async (rungs) => {
      await withCache({ enclaveSlots: way.name === "hot" ? 16 : 0 }, () => run(way, rungs));
    });
  }
}

/** Calls `run` with the cache of this thread set up, and empty before and after. */
export async function withCache<T>(
  options: { enclaveSlots?: number; enclaveIdle?: number },
  run: () => T | Promise<T>,
): Promise<T> {
  configure({ enclaveSlots: 0 });
  configure(options);
  try {
    return await run();
  } finally {
    configure({ enclaveSlots: 0 });
    configure({ enclaveSlots: undefined, enclaveIdle: undefined });
  }
}
