/**
 * Where a state word lives: in a plain field as long as one thread has the secret,
 * in shared memory from the moment it is shared.
 *
 * @module
 */

/** A place for a state word. */
export interface Word {
  load(): number;
  /** Stores `next` if the word still is `expected`; says whether it was. */
  swap(expected: number, next: number): boolean;
  /** Sleeps while the word is `expected`; says whether `milliseconds` went by. */
  timedOut(expected: number, milliseconds: number): boolean;
  /** Wakes those that sleep. */
  wake(): void;
}

/** For a secret that no other thread has ever seen: no atomics, nothing to wait for. */
export class LocalWord implements Word {
  #value = 0;

  load(): number {
    return this.#value;
  }

  swap(_expected: number, next: number): boolean {
    this.#value = next;
    return true;
  }

  timedOut(): never {
    throw new Error("A secret of one thread never has to wait");
  }

  wake(): void {}
}

/** For a secret that several Workers share. */
export class SharedWord implements Word {
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  load(): number {
    return Atomics.load(this.#words, 0);
  }

  swap(expected: number, next: number): boolean {
    return Atomics.compareExchange(this.#words, 0, expected, next) === expected;
  }

  timedOut(expected: number, milliseconds: number): boolean {
    return Atomics.wait(this.#words, 0, expected, milliseconds) === "timed-out";
  }

  wake(): void {
    Atomics.notify(this.#words, 0);
  }
}
