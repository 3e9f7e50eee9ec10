/**
 * The safety net for pools' secrets that nobody closed: when one is collected, it is wiped, counted
 * and reported, as in `leaks.ts`.
 *
 * There may be a million, so a registration is as small as it can be: no token to take it back by,
 * and a number to know it by, the handle. Closed secrets are therefore called back as well, and
 * the library tells by the epoch that the handle is nobody's, or another one's. And since a runtime
 * keeps registrations until its event loop turns, a net takes so many secrets and no more: once
 * all of them are closed, it is let go of as a whole.
 *
 * @module
 */
import { reportOf } from "../leak_report.ts";
import { countLeak } from "../leaks.ts";
import type { Library } from "../native/library.ts";
import { leakListener } from "../options.ts";
import { epoch } from "./epoch.ts";

/** Secrets that one net takes. */
const NET_SECRETS = 16_384;

/** What all nets of a pool in this thread have in common. It must not keep the pool alive. */
export class Nets {
  readonly library: Library;
  readonly pool: number;
  readonly label: string | undefined;
  /** All that have secrets, so that none of them is collected before these. */
  readonly #held = new Set<Net>();
  #current: Net | undefined;
  /** Called when nothing is watched any more. */
  whenEmpty: (() => void) | undefined;

  constructor(library: Library, pool: number, label: string | undefined) {
    this.library = library;
    this.pool = pool;
    this.label = label;
  }

  /** The net for the next secret, which is made in the epoch of that net. */
  current(): Net {
    const now = epoch(this.library);
    const net = this.#current;
    if (net !== undefined && net.epoch === now && net.registered < NET_SECRETS) return net;
    if (net !== undefined && net.watched === 0) this.#held.delete(net);
    const fresh = new Net(this, now);
    this.#held.add(fresh);
    return this.#current = fresh;
  }

  get isEmpty(): boolean {
    for (const { watched } of this.#held) if (watched > 0) return false;
    return true;
  }

  /** One of a net's secrets needs it no more. */
  left(net: Net): void {
    if (net.watched > 0) return;
    if (net !== this.#current) this.#held.delete(net);
    if (this.isEmpty) this.whenEmpty?.();
  }
}

/** See above. */
export class Net {
  readonly nets: Nets;
  readonly epoch: number;
  /** Secrets that it has ever had, and those that are neither closed nor shared. */
  registered = 0;
  watched = 0;
  readonly #registry: FinalizationRegistry<number>;
  /** Other threads have them as well: they live until somebody closes them. */
  #exempt: Set<number> | undefined;
  /** Where secrets were made, if somebody listens. */
  #origins: Map<number, Error> | undefined;

  constructor(nets: Nets, epoch: number) {
    this.nets = nets;
    this.epoch = epoch;
    this.#registry = new FinalizationRegistry((handle) => this.#collected(handle));
  }

  /** A secret was made in its epoch, which is closed or watched from now on. */
  made(handle: number): void {
    this.registered += 1;
    this.watched += 1;
    if (leakListener() === undefined) return;
    this.#origins ??= new Map();
    this.#origins.set(handle, new Error("The secret was made here"));
  }

  /** Watches a secret that was just made. */
  watch(secret: WeakKey, handle: number): void {
    this.#registry.register(secret, handle);
  }

  /** It was closed. */
  closed(handle: number): void {
    this.#origins?.delete(handle);
    this.watched -= 1;
    this.nets.left(this);
  }

  /** Other threads have it as well. */
  shared(handle: number): void {
    this.#exempt ??= new Set();
    this.#exempt.add(handle);
    this.closed(handle);
  }

  #collected(handle: number): void {
    if (this.#exempt?.delete(handle) === true) return;
    const { library: { calls }, label } = this.nets;
    const length = calls.securememory_length(handle);
    // Negative: it was there, and what was around it is damaged.
    if (calls.securememory_pool_collected(handle, this.epoch) === 0) return;
    const origin = this.#origins?.get(handle);
    this.closed(handle);
    // It was purged.
    if (length === 0) return;
    countLeak();
    leakListener()?.(reportOf(length, label, origin));
  }
}
