/**
 * What a thread knows of the secrets that sleep: those of a pool that no window has used for a
 * while, or ever. There may be a million of them, so all of one kind share one object.
 *
 * @module
 */
import type { Net } from "./pool/net.ts";
import type { PoolState } from "./pool/state.ts";

/** In place of a {@linkcode Cell}: secrets of one pool, one net and one length have one. */
export class Asleep {
  /** Tells it from {@linkcode Cell}. */
  readonly awake = false;
  /** No window is open, and none can be without waking it. */
  readonly depth = -1;
  /** Not of secrets that are closed. */
  readonly pool: PoolState | undefined;
  /** Where these secrets are watched; not of those that are closed. */
  readonly net: Net | undefined;
  readonly length: number;
  /** What the pool's word was when they were made: if it is another, they are gone. */
  readonly purges: number;

  constructor(length: number, pool?: PoolState, net?: Net) {
    this.length = length;
    this.pool = pool;
    this.net = net;
    this.purges = pool === undefined ? 0 : pool.word[0] as number;
  }
}

/** How many are kept to be shared: those of lengths that come first. */
const SHARED_MAX = 4096;

const closed = new Map<number, Asleep>();

/** What a sleeping secret is once it is closed. */
export function closedAsleep(length: number): Asleep {
  return shared(closed, length, () => new Asleep(length));
}

/** What a secret of a pool is that was just made. */
export function asleepIn(pool: PoolState, net: Net, length: number): Asleep {
  const { kinds } = pool;
  const found = kinds.get(length);
  if (found !== undefined) {
    if (found.net === net && found.purges === pool.word[0]) return found;
    // These are of another time.
    kinds.clear();
  }
  return shared(kinds, length, () => new Asleep(length, pool, net));
}

/** Whether they are closed, or gone by a purge or the end of the pool. */
export function isAsleepClosed({ pool, purges }: Asleep): boolean {
  return pool === undefined || purges !== pool.word[0];
}

function shared(kinds: Map<number, Asleep>, length: number, make: () => Asleep): Asleep {
  let kind = kinds.get(length);
  if (kind !== undefined) return kind;
  kind = make();
  if (kinds.size < SHARED_MAX) kinds.set(length, kind);
  return kind;
}
