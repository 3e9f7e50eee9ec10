/**
 * What one thread knows of one pool.
 *
 * @module
 */
import type { Asleep } from "../asleep.ts";
import type { Library } from "../native/library.ts";
import { Nets } from "./net.ts";

/** How many secrets of a pool a thread keeps awake, with a view of each. */
export const AWAKE_MAX = 1024;

/** The fields of a pool's state that do not change. */
export interface PoolFields {
  /** Number of the pool in the native library. */
  readonly handle: number;
  readonly label: string | undefined;
  readonly revokeViews: boolean;
  /** It seals secrets when memory that can be locked runs short. */
  readonly seals: boolean;
}

/** One pool as one thread has it. Plain data. */
export class PoolState {
  readonly library: Library;
  readonly handle: number;
  readonly label: string | undefined;
  readonly revokeViews: boolean;
  readonly seals: boolean;
  /** One number, which a purge changes, and the pool's end. */
  readonly word: Uint32Array;
  readonly nets: Nets;
  /** What secrets are that are made now, by their length. */
  readonly kinds: Map<number, Asleep> = new Map();
  /** Secrets that this thread has woken, as long as they may fall asleep again. */
  awake: WeakRef<WeakKey>[] = [];
  /** How many of these are enough to look which can. */
  awakeMax: number = AWAKE_MAX;
  /** `close` was called in this thread. */
  closed = false;

  constructor(
    library: Library,
    { handle, label, revokeViews, seals }: PoolFields,
    word: Uint32Array,
  ) {
    this.library = library;
    this.handle = handle;
    this.label = label;
    this.revokeViews = revokeViews;
    this.seals = seals;
    this.word = word;
    this.nets = new Nets(library, handle, label);
    kept.add(this.nets);
  }
}

/** Nets outlive the states of their pools, for the secrets in them. */
const kept = new Set<Nets>();

/** The pool is closed: calls `then` once none of its secrets is watched any more, and lets the nets go. */
export function whenUnwatched(nets: Nets, then = () => {}): void {
  nets.whenEmpty = () => {
    then();
    kept.delete(nets);
  };
  if (nets.isEmpty) nets.whenEmpty();
}

/** Where the native library has a pool's word; `undefined` if there is no such pool. */
export function poolWord({ calls, runtime }: Library, handle: number): Uint32Array | undefined {
  const pointer = calls.securememory_pool_word(handle);
  if (pointer === null || pointer === 0 || pointer === 0n) return undefined;
  return new Uint32Array(runtime.arrayBuffer(pointer, 4));
}
