/**
 * Where enclaves are opened that are not kept open: scratch secrets of one page each, one for each
 * level of windows inside windows. An enclave is decrypted into the first bytes, and wiped when its
 * window ends; between windows there is nothing on the page, and nobody may touch it.
 *
 * @module
 */
import type { Cell } from "../cell.ts";
import { create } from "../create.ts";
import { startTicking } from "../idle.ts";
import { failure } from "../native/failure.ts";
import type { Library } from "../native/library.ts";
import { onConfigure } from "../options.ts";
import { detach, restUnder } from "../rest.ts";
import { type Bytes, run } from "../running.ts";
import { transferredError } from "../window.ts";
import { enclaveFailure } from "./failure.ts";
import { withRoom } from "./hot.ts";

/** Lengths of enclaves for which a view is kept. */
const VIEWS_MAX = 16;

/** A secret of one page. */
class Scratch {
  readonly cell: Cell;
  /** Bytes of the enclave that is on it. */
  lent = 0;
  /** A view got away: the address must never be used again. */
  escaped = false;
  /** Its options are no longer those of the thread. */
  outdated = false;
  /** It was used since it was last looked at; and in the time before that. */
  used = true;
  usedBefore = true;
  readonly #views = new Map<number, Bytes>();
  #last: Bytes | undefined;

  constructor(cell: Cell) {
    this.cell = cell;
  }

  /** A view of so many bytes, whose buffer has no more either. */
  view(length: number): Bytes {
    if (this.#last !== undefined && this.#last.length === length) return this.#last;
    return this.#last = this.#views.get(length) ?? this.#newView(length);
  }

  /** Takes a view away, or forgets one that is away already. */
  forget(view: Bytes): void {
    this.#views.delete(this.lent);
    this.#last = undefined;
    if (view.length !== this.lent || !detach(view.buffer)) this.escaped = true;
  }

  /** The buffers of the views that are kept. */
  buffers(): ArrayBuffer[] {
    return [...this.#views.values()].map((view) => view.buffer);
  }

  #newView(length: number): Bytes {
    const { calls, runtime } = this.cell.library;
    if (this.#views.size >= VIEWS_MAX) {
      const [[oldest, view]] = this.#views as unknown as [[number, Bytes]];
      this.#views.delete(oldest);
      if (!detach(view.buffer)) this.escaped = true;
    }
    const address = calls.securememory_address(this.cell.handle);
    // Where a module makes the buffer, it is that of the whole page: see `native/deno_module.ts`.
    const view = new Uint8Array(runtime.arrayBuffer(address, length), 0, length);
    this.#views.set(length, view);
    return view;
  }
}

/** By level. */
const scratches: (Scratch | undefined)[] = [];
/** Windows that are open on them, one inside the other. */
let depth = 0;

// Stores and gates may be others now.
onConfigure(() => {
  for (const [level, scratch] of scratches.entries()) {
    if (scratch === undefined) continue;
    scratch.outdated = true;
    if (level >= depth) end(scratch, level);
  }
});

/** Calls `fn` with what an enclave holds, on a scratch secret, which is wiped whatever happens. */
export function withScratch<T>(
  library: Library,
  handle: number,
  length: number,
  fn: (bytes: Bytes) => T,
): T {
  const scratch = scratchFor(library);
  const bytes = scratch.view(length);
  startTicking(library);
  const lent = library.calls.securememory_enclave_lend(handle, scratch.cell.handle);
  if (lent < 0) {
    throw enclaveFailure(library, handle, lent, "Cannot open a window on the enclave", length);
  }
  depth += 1;
  scratch.lent = length;
  return run(scratch, bytes, fn, takeBack);
}

/** Ends those that were not used lately. Says how many there are. */
export function restScratches(): number {
  scratches.forEach((scratch, level) => {
    if (scratch === undefined || level < depth) return;
    if (!scratch.used && !scratch.usedBefore) end(scratch, level);
    scratch.usedBefore = scratch.used;
    scratch.used = false;
  });
  while (scratches.length > 0 && scratches.at(-1) === undefined) scratches.pop();
  return scratches.length;
}

/** Ends all of them: the thread ends. */
export function endScratches(): void {
  scratches.forEach((scratch, level) => {
    if (scratch !== undefined) end(scratch, level);
  });
}

function scratchFor(library: Library): Scratch {
  const scratch = scratches[depth];
  if (scratch !== undefined) {
    scratch.used = true;
    if (!isPurged(scratch)) return scratch;
    end(scratch, depth);
  }
  return scratches[depth] = make(library);
}

function make(library: Library): Scratch {
  const cell = withRoom(() =>
    create(
      library.pageSize,
      { label: "enclave scratch", alignment: 16 },
      (calls, { alignment, flags }) =>
        calls.securememory_create(library.pageSize, alignment, flags),
      (of, result, length) =>
        failure(of, result, "Cannot open a window on the enclave: it takes a page", length),
    )
  );
  return new Scratch(cell);
}

/** A window ends. */
function takeBack(scratch: Scratch, bytes: Bytes): void {
  const { library, handle, revokeViews } = scratch.cell;
  depth -= 1;
  const result = library.calls.securememory_enclave_take_back(handle);
  const transferred = bytes.length !== scratch.lent;
  if (transferred || revokeViews) scratch.forget(bytes);
  // What the purge wiped cannot be taken back.
  const failed = result < 0 && !isPurged(scratch);
  if (result < 0 || scratch.escaped || scratch.outdated) end(scratch, depth);
  if (failed) {
    throw failure(library, result, "Cannot close a window on the enclave, whose bytes are wiped");
  }
  if (transferred) throw transferredError();
}

function isPurged({ cell }: Scratch): boolean {
  return cell.purges !== cell.purgeCount[0];
}

/** Wipes it, and gives its page back as soon as no view of it can be there any more. */
function end(scratch: Scratch, level: number): void {
  const { library, handle } = scratch.cell;
  scratches[level] = undefined;
  library.calls.securememory_destroy(handle);
  if (scratch.escaped) library.calls.securememory_retire(handle);
  else restUnder(library, handle, scratch.buffers());
}
