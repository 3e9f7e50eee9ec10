/**
 * The safety net for enclaves that nobody closed: when one is collected, it is wiped, counted and
 * reported, as in `../leaks.ts`.
 *
 * There may be a million, so a registration is as small as it can be, as in `../pool/net.ts`: no token
 * to take it back by, and the handle alone to know it by. Closed ones are called back as well, and the
 * library tells by the epoch that the handle is nobody's, or another one's. And since a runtime keeps
 * registrations until its event loop turns, a net takes so many and no more: once all of them are
 * closed, it is let go of as a whole.
 *
 * @module
 */
import { dropHotUnheard } from "./hot.ts";
import { reportOf } from "../leak_report.ts";
import { countLeak } from "../leaks.ts";
import type { Library } from "../native/library.ts";
import { leakListener } from "../options.ts";
import { epoch } from "../pool/epoch.ts";

/** Enclaves that one net takes. */
const NET_MAX = 16_384;

/** Beside the handle, where there is something to say of it. */
interface Told {
  readonly handle: number;
  readonly label: string | undefined;
  readonly origin: Error | undefined;
}

/** All that have enclaves: one that is collected itself calls nobody. */
const held = new Set<Net>();
let current: Net | undefined;

/** The net for the next enclave, which is made in the epoch of that net. */
export function currentNet(library: Library): Net {
  const now = epoch(library);
  if (current !== undefined && current.epoch === now && current.registered < NET_MAX) {
    return current;
  }
  const last = current;
  current = new Net(library, now);
  held.add(current);
  last?.letGo();
  return current;
}

/** See above. */
export class Net {
  readonly library: Library;
  readonly epoch: number;
  /** Enclaves that it has ever had. */
  registered = 0;
  /** Of these, those that are neither closed nor shared. */
  #watched = 0;
  readonly #registry = new FinalizationRegistry<number | Told>((told) => this.#collected(told));
  /** Other threads have them as well: they live until somebody closes them. */
  #exempt: Set<number> | undefined;

  constructor(library: Library, epoch: number) {
    this.library = library;
    this.epoch = epoch;
  }

  /** Watches an enclave that was just made in its epoch. */
  watch(enclave: WeakKey, handle: number, label: string | undefined): void {
    this.registered += 1;
    this.#watched += 1;
    const listens = leakListener() !== undefined;
    if (label === undefined && !listens) return this.#registry.register(enclave, handle);
    const origin = listens ? new Error("The enclave was made here") : undefined;
    this.#registry.register(enclave, { handle, label, origin });
  }

  /** One was closed. */
  closed(): void {
    this.#watched -= 1;
    this.letGo();
  }

  /** Other threads have it as well. */
  shared(handle: number): void {
    this.#exempt ??= new Set();
    this.#exempt.add(handle);
    this.closed();
  }

  /** Needs it no more, unless there is something to watch. */
  letGo(): void {
    if (this.#watched === 0 && this !== current) held.delete(this);
  }

  #collected(told: number | Told): void {
    const handle = typeof told === "number" ? told : told.handle;
    if (this.#exempt?.delete(handle) === true) return;
    const { calls } = this.library;
    const length = calls.securememory_enclave_length(handle);
    if (calls.securememory_enclave_collected(handle, this.epoch) !== 1) return;
    this.closed();
    dropHotUnheard(handle);
    // It was purged.
    if (length === 0) return;
    const { label, origin } = typeof told === "number" ? UNTOLD : told;
    countLeak();
    leakListener()?.(reportOf(length, label, origin, "enclave"));
  }
}

const UNTOLD = { label: undefined, origin: undefined };
