/**
 * Many small secrets on few pages.
 *
 * @module
 */
import { checkFunction, checkLength, checkString } from "../arguments.ts";
import type { Asleep } from "../asleep.ts";
import type { Cell } from "../cell.ts";
import { SecretClosedError } from "../errors.ts";
import { hideFromInspectors } from "../redact.ts";
import { inside } from "../inside.ts";
import type { Secret } from "../secret.ts";
import { utf8Length } from "../utf8.ts";
import { type Made, makeAsleep, makeFilled } from "./make.ts";
import { closePool, makePool, outlive } from "./open.ts";
import type { PoolOptions } from "./options.ts";
import { attachPool, type SharedPool, sharePool } from "./share.ts";
import { PoolState } from "./state.ts";
import { poolNumbers, type PoolStats, poolStats } from "./stats.ts";
import { checkList, withAll } from "./windows.ts";

/** The views of a list of secrets, in its order. */
export type Views<Secrets extends readonly Secret[] = readonly Secret[]> = {
  -readonly [I in keyof Secrets]: Uint8Array;
};

/** What a pool shows of itself; and since it is a function, cloning a pool throws. */
function toJSON(this: SecretPool): string {
  return this.toString();
}

/**
 * Makes secrets that share pages: ten thousand of them take some hundred pages instead of ten
 * thousand. They are ordinary secrets, with the same methods and errors.
 *
 * Secrets of about the same length share a page, which is open while a window on any of them is;
 * under the gate `pkey` to this thread alone. Between two of them there is a canary, which is
 * checked when either is closed.
 *
 * With `onPressure: "seal"` the number of secrets is a matter of memory alone: those that are not
 * in use are kept encrypted outside the budget for locked memory.
 *
 * @example Usage
 * ```ts
 * import { SecretPool } from "@securememory/core";
 *
 * using pool = new SecretPool({ onPressure: "seal", label: "session keys" });
 * const keys = Array.from({ length: 1000 }, () => pool.random(32));
 * const bytes = keys.map((key) => key.withBytes((bytes) => bytes.length));
 * console.log(bytes.length, pool.stats().secrets); // 1000 1000
 * ```
 */
export class SecretPool implements Disposable {
  readonly #state: PoolState;

  /** The text that a pool turns into. Being an own function, it also makes `structuredClone` and `postMessage` throw. */
  readonly toJSON: () => string = toJSON;

  static {
    hideFromInspectors(this.prototype);
  }

  /**
   * Makes a pool. It has no pages before it has secrets.
   *
   * @param options How its secrets are kept.
   * @throws {TypeError} If an option is of the wrong type, or not one of its values.
   * @throws {RangeError} If `hotBytes` is not a whole number from 1 to 2^32 - 1.
   * @throws {UnsupportedError} If a required rung is missing, or the native library cannot be used;
   * with `onPressure: "seal"` the crypto library, too.
   */
  constructor(options: PoolOptions = {}) {
    const given: unknown = options;
    this.#state = given instanceof PoolState ? given : makePool(options);
  }

  /**
   * The pool that another thread has shared: secrets made here share pages with those made there.
   * A secret itself goes to another thread by {@linkcode Secret.share}.
   *
   * @param shared What `share` returned, posted to this Worker.
   * @returns The pool.
   * @throws {TypeError} If `shared` did not come from `share`.
   * @throws {SecretClosedError} If the pool was closed meanwhile.
   * @throws {UnsupportedError} If it is of another process.
   *
   * @example Usage
   * ```ts
   * import { SecretPool } from "@securememory/core";
   *
   * using pool = new SecretPool();
   * const ticket = structuredClone(pool.share()); // worker.postMessage(ticket)
   * const same = SecretPool.attach(ticket); // in the Worker
   * using key = same.random(32);
   * console.log(pool.stats().secrets); // 1
   * ```
   */
  static attach(shared: SharedPool): SecretPool {
    return new SecretPool(attachPool(shared) as PoolOptions);
  }

  /**
   * As {@linkcode Secret.from}, in this pool.
   *
   * @param source 1 to 2^32 - 1 bytes, which are wiped. Left as it is if this throws.
   * @returns The secret.
   * @throws {TypeError} If `source` is neither a Uint8Array nor an ArrayBuffer, or its memory is shared.
   * @throws {RangeError} If `source` is empty.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   * @throws {SecretClosedError} If the pool was closed.
   *
   * @example Usage
   * ```ts
   * import { SecretPool } from "@securememory/core";
   *
   * using pool = new SecretPool();
   * using key = pool.from(new Uint8Array([1, 2, 3]));
   * console.log(key.length); // 3
   * ```
   */
  from(source: Uint8Array | ArrayBuffer): Secret {
    const state = this.#open();
    return inside.from(source, (bytes, length) =>
      asSecret(makeAsleep(
        state,
        length,
        (calls, epoch) => calls.securememory_pool_from(state.handle, bytes, length, epoch),
      )));
  }

  /**
   * As {@linkcode Secret.fromString}, in this pool.
   *
   * @param text At least one character; it cannot be wiped.
   * @returns The secret, of the text's UTF-8 bytes.
   * @throws {TypeError} If `text` is not a string.
   * @throws {RangeError} If `text` is empty.
   * @throws As `from` otherwise.
   *
   * @example Usage
   * ```ts
   * import { SecretPool } from "@securememory/core";
   *
   * using pool = new SecretPool();
   * using password = pool.fromString("correct horse");
   * console.log(password.length); // 13
   * ```
   */
  fromString(text: string): Secret {
    checkString(text);
    const length = checkLength(utf8Length(text));
    return this.fill(length, (bytes) => void new TextEncoder().encodeInto(text, bytes));
  }

  /**
   * As {@linkcode Secret.random}, in this pool.
   *
   * @param length Bytes, a whole number from 1 to 2^32 - 1.
   * @returns The secret.
   * @throws {TypeError} If `length` is not a number.
   * @throws {RangeError} If `length` is out of range.
   * @throws As `from` otherwise.
   *
   * @example Usage
   * ```ts
   * import { SecretPool } from "@securememory/core";
   *
   * using pool = new SecretPool();
   * using key = pool.random(32);
   * console.log(`${key}`); // Secret(32 bytes)
   * ```
   */
  random(length: number): Secret {
    checkLength(length);
    const state = this.#open();
    return asSecret(makeAsleep(
      state,
      length,
      (calls, epoch) => calls.securememory_pool_random(state.handle, length, epoch),
    ));
  }

  /**
   * As {@linkcode Secret.fill}, in this pool.
   *
   * @param length Bytes, a whole number from 1 to 2^32 - 1.
   * @param write Gets `length` zero bytes to write to. If it throws, nothing is left.
   * @returns The secret.
   * @throws {TypeError} If `write` is not a function, is asynchronous, or returns its argument.
   * @throws {RangeError} If `length` is out of range.
   * @throws As `from` otherwise.
   *
   * @example Usage
   * ```ts
   * import { SecretPool } from "@securememory/core";
   *
   * using pool = new SecretPool();
   * using key = pool.fill(16, (bytes) => {
   *   crypto.getRandomValues(bytes);
   * });
   * console.log(key.length); // 16
   * ```
   */
  fill(length: number, write: (bytes: Uint8Array) => void): Secret {
    checkLength(length);
    checkFunction(write, "fill");
    return asSecret(makeFilled(this.#open(), length, write));
  }

  /**
   * Opens a read-only window on several secrets of this pool at once, for the time of a call. Each
   * page is opened once, however many of them are on it.
   *
   * @typeParam Secrets The list of secrets.
   * @typeParam T What `fn` returns.
   * @param secrets At least one; one that is there twice gets two arguments.
   * @param fn Gets the bytes of each, in order: the pages themselves, not copies. They must not
   * outlive the call.
   * @returns What `fn` returned.
   * @throws {TypeError} If `secrets` is not an array of secrets of this pool, `fn` is no function, is
   * asynchronous, or returns a view or a promise.
   * @throws {RangeError} If `secrets` is empty.
   * @throws {SecretClosedError} If one of them was closed; `fn` is not called, and no window is open.
   * @throws {LockLimitError} If not all of them can be on locked pages at once.
   * @throws As {@linkcode Secret.withBytes} otherwise.
   *
   * @example Usage
   * ```ts
   * import { SecretPool } from "@securememory/core";
   *
   * using pool = new SecretPool();
   * const [user, password] = [pool.fromString("admin"), pool.fromString("correct horse")];
   * const bytes = pool.withBytes([user, password], (user, password) => user.length + password.length);
   * console.log(bytes); // 18
   * ```
   */
  withBytes<const Secrets extends readonly Secret[], T>(
    secrets: Secrets,
    fn: (...views: Views<Secrets>) => T,
  ): T {
    checkList(this.#open(), secrets);
    return withAll(secrets, fn as unknown as (...views: Uint8Array[]) => T);
  }

  /**
   * Numbers about this pool, whatever thread uses it.
   *
   * @returns The numbers, as of now.
   * @throws {SecretClosedError} If the pool was closed.
   *
   * @example Usage
   * ```ts
   * import { SecretPool } from "@securememory/core";
   *
   * using pool = new SecretPool({ onPressure: "seal" });
   * using key = pool.random(32);
   * console.log(pool.stats().cold); // 1
   * key.withBytes(() => {});
   * console.log(pool.stats().hot); // 1
   * ```
   */
  stats(): PoolStats {
    const { library, handle } = this.#open();
    return poolStats(library, handle);
  }

  /**
   * A ticket for another Worker of this process. From now on the pool lives until somebody closes
   * it, even if nobody has it any more.
   *
   * @returns What to post; see {@linkcode SecretPool.attach}.
   * @throws {SecretClosedError} If the pool was closed.
   *
   * @example Usage
   * ```ts
   * import { SecretPool } from "@securememory/core";
   *
   * using pool = new SecretPool();
   * console.log(typeof pool.share().pool); // number
   * ```
   */
  share(): SharedPool {
    const state = this.#open();
    // Closed in another thread?
    poolStats(state.library, state.handle);
    outlive(state);
    return sharePool(state);
  }

  /** True from `close()` on, wherever that was called. `purge()` closes its secrets, not the pool. */
  get isClosed(): boolean {
    const { closed, library, handle } = this.#state;
    return closed || poolNumbers(library, handle) === undefined;
  }

  /**
   * Wipes and closes all secrets of this pool now, in every thread, and the pool itself. As with
   * `purge`, a callback that is inside a window reads zeros from here on. Closing twice is fine.
   *
   * @throws {CorruptionError} If something wrote over the bytes around a secret; all of them are wiped
   * all the same.
   *
   * @example Usage
   * ```ts
   * import { SecretPool } from "@securememory/core";
   *
   * const pool = new SecretPool();
   * const key = pool.random(32);
   * pool.close();
   * console.log(pool.isClosed, key.isClosed); // true true
   * ```
   */
  close(): void {
    closePool(this.#state);
  }

  /** The same as {@linkcode SecretPool.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** `SecretPool(session keys)`, or `SecretPool` without a label. */
  toString(): string {
    const { label } = this.#state;
    return label === undefined ? "SecretPool" : `SecretPool(${label})`;
  }

  /** `[object SecretPool]`. */
  get [Symbol.toStringTag](): string {
    return "SecretPool";
  }

  #open(): PoolState {
    if (this.#state.closed) throw new SecretClosedError("Cannot use the pool: it is closed");
    return this.#state;
  }
}

function asSecret({ state, handle, net }: Made<Asleep | Cell>): Secret {
  const secret = inside.pooled(state, handle);
  net.watch(secret, handle);
  return secret;
}
