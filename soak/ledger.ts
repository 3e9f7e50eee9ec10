/**
 * The ledger of one Worker: tries operations, counts them and their errors, and says what may
 * not be.
 *
 * @module
 */
import {
  CorruptionError,
  LockLimitError,
  ProtectionError,
  SecretBusyError,
  SecretClosedError,
  SecureMemoryError,
  SystemError,
} from "../mod.ts";
import { count, nothing, type Outcome, WRONG_MAX } from "./counts.ts";
import { type Held, isGone, kindOf } from "./model.ts";

/** A finding of the soak itself: nothing that the library throws. */
export class Finding extends Error {}

/** What an operation threw, flattened: `SuppressedError` carries two. */
function partsOf(error: unknown): unknown[] {
  if (!(error instanceof SuppressedError)) return [error];
  return [...partsOf(error.error), ...partsOf(error.suppressed)];
}

/** Counts what happens, and keeps the things that are held. */
export class Ledger {
  readonly outcome: Outcome = nothing();
  readonly held: Held[] = [];
  readonly #faults: boolean;

  constructor(faults: boolean) {
    this.#faults = faults;
  }

  /** Writes down what may not be. */
  wrong(text: string): void {
    if (this.outcome.wrong.length < WRONG_MAX) this.outcome.wrong.push(text);
  }

  /** Tries an operation. True if it threw nothing. */
  attempt(name: string, operation: () => void): boolean {
    count(this.outcome.operations, name);
    try {
      operation();
      return true;
    } catch (error) {
      this.#note(name, error);
      return false;
    }
  }

  /** The same for an operation that other threads may run into while it waits. */
  async attemptAsync(name: string, operation: () => Promise<void>): Promise<boolean> {
    count(this.outcome.operations, name);
    try {
      await operation();
      return true;
    } catch (error) {
      this.#note(name, error);
      return false;
    }
  }

  #note(name: string, thrown: unknown): void {
    for (const error of partsOf(thrown)) {
      if (error instanceof Finding) this.wrong(`${name}: ${error.message}`);
      else if (!(error instanceof SecureMemoryError)) {
        this.wrong(`${name}: an untyped error: ${error instanceof Error ? error.stack : error}`);
      } else this.#noteTyped(name, error);
    }
  }

  #noteTyped(name: string, error: SecureMemoryError): void {
    const call = error instanceof SystemError && error.syscall !== "" ? `, ${error.syscall}` : "";
    count(this.outcome.errors, `${error.name}${call}`);
    if (error instanceof CorruptionError) this.wrong(`${name}: ${error.message}`);
    // Without faults nothing is refused but what is closed, or busy, or has no room in its pool.
    const expected = this.#faults || error instanceof SecretClosedError ||
      error instanceof SecretBusyError || error instanceof LockLimitError;
    if (!expected) this.wrong(`${name}: ${error.message}`);
    if (error instanceof ProtectionError && /\d{9}/.test(error.message)) {
      this.wrong(`${name}: the message of an error shows an address: ${error.message}`);
    }
  }

  /** Takes something up. */
  hold(held: Held): void {
    this.held.push(held);
  }

  /** Lets go of something, which is not closed by it. */
  drop(held: Held): void {
    const index = this.held.indexOf(held);
    if (index === -1) return;
    // The order says nothing: the last one takes its place.
    this.held[index] = this.held[this.held.length - 1] as Held;
    this.held.pop();
  }

  /**
   * After an operation on something that failed: if it is gone, it is let go of, and if that
   * cannot have been, that is written down.
   *
   * A window that could not be closed destroys its secret, and on the page of a pool its
   * neighbours; what is shared may be closed by any Worker.
   */
  settle(held: Held): void {
    if (!isGone(held)) return;
    this.drop(held);
    count(this.outcome.gone, kindOf(held));
    if (!this.#faults && !held.shared) this.wrong(`A ${kindOf(held)} is closed, and nobody did it`);
  }
}
