/**
 * Numbers about one pool.
 *
 * @module
 */
import { SecretClosedError } from "../errors.ts";
import { POOL_STATISTICS } from "../native/abi.ts";
import type { Library } from "../native/library.ts";

/** Numbers about a pool, whatever thread uses it. */
export interface PoolStats {
  /** Secrets that hold bytes now. */
  readonly secrets: number;
  /** Of these, secrets that have their place on a locked page. */
  readonly hot: number;
  /** The others, which are sealed. */
  readonly cold: number;
  /** Data pages that the pool has now. */
  readonly pages: number;
  /** Bytes of these that are locked. */
  readonly lockedBytes: number;
  /** Times that a sleeping secret was wanted and still had its place. */
  readonly hits: number;
  /** Times that it was sealed, and had to be opened. */
  readonly misses: number;
  /** Hits among both; 1 if nothing was wanted yet. */
  readonly hitRate: number;
  /** Times that a secret lost its place to another one. */
  readonly seals: number;
  /** Places of closed secrets, wiped, that wait before they are used again. */
  readonly quarantined: number;
  /** Secrets that were found beside a damaged canary, and are as they were. */
  readonly suspect: number;
}

/** Numbers about a pool, by the names that the native library has for them. */
export type PoolNumbers = Readonly<Record<(typeof POOL_STATISTICS)[number], number>>;

/** Numbers as of now; `undefined` if the pool was closed. */
export function poolNumbers({ calls }: Library, pool: number): PoolNumbers | undefined {
  const numbers = new Float64Array(POOL_STATISTICS.length);
  if (calls.securememory_pool_statistics(pool, numbers, numbers.length) < 0) return undefined;
  return Object.fromEntries(
    POOL_STATISTICS.map((name, index) => [name, numbers[index]]),
  ) as PoolNumbers;
}

/** The same for users. */
export function poolStats(library: Library, pool: number): PoolStats {
  const numbers = poolNumbers(library, pool);
  if (numbers === undefined) throw new SecretClosedError("Cannot use the pool: it is closed");
  const { secrets, pages, hits, misses, seals, quarantined, suspect } = numbers;
  // A purged secret keeps its place until it is closed.
  const hot = Math.min(numbers.hot, secrets);
  return {
    secrets,
    hot,
    cold: secrets - hot,
    pages,
    lockedBytes: numbers.locked_bytes,
    hits,
    misses,
    hitRate: hits + misses === 0 ? 1 : hits / (hits + misses),
    seals,
    quarantined,
    suspect,
  };
}
