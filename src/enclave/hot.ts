/**
 * The hot cache of this thread: enclaves that are used again and again stay open beside their box,
 * as ordinary secrets, whose pages nobody can touch between windows. They are few, of the least
 * recently used one the copy is wiped, and so are those that were not used for a while.
 *
 * @module
 */
import { AllocationError } from "../errors.ts";
import { enclaveSlots, onConfigure } from "../options.ts";
import type { Secret } from "../secret.ts";
import type { Shape } from "./shape.ts";

/** One enclave's open copy. */
interface Hot {
  readonly handle: number;
  readonly secret: Secret;
  /** See `Shape.flag`. */
  flag: Int32Array<SharedArrayBuffer> | undefined;
  /** When it was used, by `clock`. */
  used: number;
}

/** Longer ones are decrypted each time: what a copy takes of the lock budget is bounded. */
const LENGTH_MAX = 65536;

const kept = new Map<number, Hot>();
/** Many uses are of the same one as before. */
let last: Hot | undefined;
/** Counts uses. */
let clock = 0;
/** What it was, the last time and the time before, when unused ones were looked for. */
let marks: [older: number, newer: number] = [0, 0];

/** Enclaves that were used lately, by the last bits of their handles. */
const LINES = 1024;
const seen = new Int32Array(LINES);

onConfigure(() => trim(enclaveSlots()));

/** The open copy, if there is one. */
export function findHot(handle: number): Secret | undefined {
  if (kept.size === 0) return undefined;
  const hot = last !== undefined && last.handle === handle ? last : kept.get(handle);
  if (hot === undefined) return undefined;
  if (isStale(hot)) {
    dropHotUnheard(handle);
    return undefined;
  }
  hot.used = ++clock;
  last = hot;
  return hot.secret;
}

/** Notes a use, and says whether it is to have an open copy: if it was used not long ago. */
export function isDue(handle: number, length: number): boolean {
  const line = handle & (LINES - 1);
  if (seen[line] !== handle) {
    seen[line] = handle;
    return false;
  }
  return length <= LENGTH_MAX && enclaveSlots() > 0;
}

/**
 * Keeps an open copy from now on. `undefined` if there is no memory for it, which no use of an
 * enclave has to fail for.
 */
export function heat(handle: number, shape: Shape, open: () => Secret): Secret | undefined {
  trim(enclaveSlots() - 1);
  let secret: Secret;
  try {
    secret = open();
  } catch (error) {
    if (error instanceof AllocationError) return undefined;
    throw error;
  }
  last = { handle, secret, flag: shape.flag, used: ++clock };
  kept.set(handle, last);
  return secret;
}

/** Other threads have it from now on. */
export function shareHot(handle: number, flag: Int32Array<SharedArrayBuffer>): void {
  const hot = kept.get(handle);
  if (hot !== undefined) hot.flag = flag;
}

/** Wipes the open copy, now or with its last window. */
export function dropHot(handle: number): void {
  const hot = kept.get(handle);
  if (hot === undefined) return;
  kept.delete(handle);
  if (last === hot) last = undefined;
  hot.secret.close();
}

/**
 * The same where nobody is to hear of a failure: in a timer, a collection, or in the window of
 * another enclave. What could not be closed in good order is destroyed all the same.
 */
export function dropHotUnheard(handle: number): void {
  try {
    dropHot(handle);
  } catch {
    // Its pages are not readable any more, and it is not kept.
  }
}

/** Wipes those that were not used lately, and forgets what was. Says how many are left. */
export function restHot(): number {
  const [older, newer] = marks;
  for (const hot of [...kept.values()]) {
    if (hot.used <= older || isStale(hot)) dropHotUnheard(hot.handle);
  }
  marks = [newer, clock];
  return kept.size;
}

/** Wipes all of them. */
export function dropAllHot(): void {
  trim(0);
}

/** Forgets what was used: a second use is one soon after the first. */
export function forgetSeen(): void {
  seen.fill(0);
}

/** Makes something that takes locked memory; if there is none, at the cost of all open copies. */
export function withRoom<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof AllocationError) || kept.size === 0) throw error;
    trim(0);
    return make();
  }
}

/** Leaves so many. */
function trim(count: number): void {
  while (kept.size > Math.max(count, 0)) dropHotUnheard(leastUsed());
}

function leastUsed(): number {
  let least: Hot | undefined;
  for (const hot of kept.values()) if (least === undefined || hot.used < least.used) least = hot;
  return (least as Hot).handle;
}

/** Closed in another thread, purged, or destroyed because a window could not be closed. */
function isStale({ flag, secret }: Hot): boolean {
  return (flag !== undefined && Atomics.load(flag, 0) !== 0) || secret.isClosed;
}
