/**
 * The life cycle of an enclave, as its user sees it.
 *
 * @module
 */
import { checkFunction } from "../arguments.ts";
import type { SecretOptions } from "../option_types.ts";
import { hideFromInspectors, redacted } from "../redact.ts";
import { Secret } from "../secret.ts";
import { closedError } from "./failure.ts";
import { dropHot, findHot, shareHot } from "./hot.ts";
import { heatIfDue, openSecret, withClosed } from "./open.ts";
import { type EnclaveOptions, labelOf } from "./options.ts";
import { sealBytes, type Sealed, sealSecret } from "./seal.ts";
import { isEnded, Shape, shapeFor } from "./shape.ts";
import { shapeOfTicket, type SharedEnclave, sharedShape, ticketOf } from "./share.ts";

/** JSON shows the redacted text; and since it is a function, cloning an enclave throws. */
function toJSON(this: Enclave): string {
  return this.toString();
}

/**
 * A secret at rest: encrypted (XChaCha20-Poly1305) in ordinary memory, outside the budget for locked
 * memory. There may be a million of them. To be used it is decrypted, by native code, onto a locked
 * page, for the time of a call or as a {@linkcode Secret}.
 *
 * The key is this process's own, random, and in two halves on pages of their own: see
 * docs/enclaves.md. A box that was changed from outside gives an error, and no bytes.
 *
 * @example Usage
 * ```ts
 * import { Enclave, Secret } from "@securememory/core";
 *
 * using enclave = Enclave.seal(Secret.fromString("correct horse"));
 * console.log(enclave.withBytes((bytes) => bytes.length), enclave); // 13 Enclave(13 bytes)
 * ```
 */
export class Enclave implements Disposable {
  /** 0 once it was closed here: no enclave has that. */
  #handle: number;
  #shape: Shape;

  /** The redacted text. Being an own function, it also makes `structuredClone` and `postMessage` throw. */
  readonly toJSON: () => string = toJSON;

  static {
    hideFromInspectors(this.prototype);
  }

  private constructor(handle: number, shape: Shape) {
    if (!(shape instanceof Shape)) {
      throw new TypeError("Cannot construct an Enclave: use Enclave.seal or Enclave.attach");
    }
    this.#handle = handle;
    this.#shape = shape;
  }

  /**
   * Encrypts a secret, or bytes, in native code. A secret moves: it is closed, at once or with its
   * last window. Bytes are wiped. A secret of a pool is as good as any.
   *
   * @param source Left as it is if this throws.
   * @param options A label.
   * @returns The enclave.
   * @throws {TypeError} If `source` is neither a Secret nor a Uint8Array, or its memory is shared.
   * @throws {RangeError} If `source` is empty.
   * @throws {SecretClosedError} If the secret was closed.
   * @throws {SecretBusyError} If a window for writing is open on the secret.
   * @throws {AllocationError} If the system refuses memory, or random bytes.
   * @throws {LockLimitError} If the budget for locked memory is spent, and the key has no pages yet.
   * @throws {CorruptionError} If something wrote over the bytes around the secret, which is wiped.
   * @throws {UnsupportedError} If the native crypto library cannot be used.
   *
   * @example Usage
   * ```ts
   * import { Enclave, Secret } from "@securememory/core";
   *
   * const key = Secret.random(32);
   * using enclave = Enclave.seal(key, { label: "key of the backups" });
   * console.log(key.isClosed, enclave.length); // true 32
   * ```
   */
  static seal(source: Secret | Uint8Array, options?: EnclaveOptions): Enclave {
    const label = labelOf(options);
    return Enclave.#watched(
      source instanceof Secret ? sealSecret(source) : sealBytes(source),
      label,
    );
  }

  /**
   * The enclave that another thread has shared. Closed anywhere, it is gone everywhere.
   *
   * @param shared What `share` returned, posted to this Worker.
   * @returns The enclave.
   * @throws {TypeError} If `shared` did not come from `share`.
   * @throws {SecretClosedError} If the enclave was closed meanwhile.
   * @throws {UnsupportedError} If it is of another process.
   *
   * @example Usage
   * ```ts
   * import { Enclave } from "@securememory/core";
   *
   * using enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
   * const ticket = enclave.share(); // worker.postMessage(ticket)
   * const same = Enclave.attach(ticket); // in the Worker
   * console.log(same.withBytes((bytes) => bytes[2])); // 3
   * ```
   */
  static attach(shared: SharedEnclave): Enclave {
    const shape = shapeOfTicket(shared);
    return new Enclave(shared.handle, shape);
  }

  static #watched({ net, handle, length }: Sealed, label: string | undefined): Enclave {
    const enclave = new Enclave(handle, shapeFor(net, length, label));
    net.watch(enclave, handle, label);
    return enclave;
  }

  /** Length of what is sealed in bytes. It is not secret, and stays known after `close`. */
  get length(): number {
    return this.#shape.length;
  }

  /** True from `close()` or `purge()` on, wherever that was called. */
  get isClosed(): boolean {
    return this.#handle === 0 || isEnded(this.#shape);
  }

  /**
   * Decrypts for the time of a call. One that is used again soon stays open on a locked page for a
   * while, and costs what a secret does: see `enclaveSlots` and `enclaveIdle` of `configure`.
   *
   * The bytes are there to be read: what is written to them is lost, or stops the process. A view
   * that outlives the call stops the process when it is touched, or shows what another enclave has
   * there in a window of its own.
   *
   * @typeParam T What `fn` returns.
   * @param fn Gets the bytes, on a locked page. They must not outlive the call.
   * @returns What `fn` returned.
   * @throws {TypeError} If `fn` is no function, is asynchronous, or returns the view or a promise.
   * @throws {SecretClosedError} If the enclave was closed; `fn` is not called.
   * @throws {CorruptionError} If its box was changed from outside; `fn` is not called.
   * @throws {LockLimitError} If the budget for locked memory is spent and has not one page left; `fn`
   * is not called.
   * @throws {ProtectionError} If the page could not be opened (`fn` is not called) or closed (the
   * bytes are wiped; the enclave is as it was).
   *
   * @example Usage
   * ```ts
   * import { Enclave } from "@securememory/core";
   *
   * using enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
   * const sum = enclave.withBytes((bytes) => bytes.reduce((a, b) => a + b));
   * console.log(sum); // 6
   * ```
   */
  withBytes<T>(fn: (bytes: Uint8Array) => T): T {
    if (typeof fn !== "function") checkFunction(fn, "withBytes");
    const handle = this.#handle;
    const shape = this.#shape;
    if (handle === 0 || isEnded(shape)) throw closedError();
    const hot = findHot(handle);
    return hot === undefined ? withClosed(handle, shape, fn) : hot.withBytes(fn);
  }

  /**
   * Decrypts until the promise of `fn` has settled, onto a page of its own.
   *
   * @typeParam T What the promise of `fn` resolves to.
   * @param fn Gets the bytes, which must not be touched after its promise has settled.
   * @returns What the promise resolved to.
   * @throws As `withBytes`, by rejection.
   *
   * @example Usage
   * ```ts
   * import { Enclave } from "@securememory/core";
   *
   * using enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
   * const hash = await enclave.withBytesAsync((bytes) =>
   *   crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)
   * );
   * console.log(hash.byteLength); // 32
   * ```
   */
  async withBytesAsync<T>(fn: (bytes: Uint8Array) => PromiseLike<T> | T): Promise<T> {
    checkFunction(fn, "withBytesAsync");
    const handle = this.#handle;
    const shape = this.#shape;
    if (this.isClosed) throw closedError();
    const hot = findHot(handle) ?? heatIfDue(handle, shape);
    if (hot !== undefined) return await hot.withBytesAsync(fn);
    using secret = openSecret(handle, shape, { label: shape.label });
    return await secret.withBytesAsync(fn);
  }

  /**
   * Decrypts into a new secret, in native code. The enclave stays as it is.
   *
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {SecretClosedError} If the enclave was closed.
   * @throws {CorruptionError} If its box was changed from outside.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   * @throws {AllocationError} If the system refuses memory.
   * @throws {UnsupportedError} If a required rung is missing.
   *
   * @example Usage
   * ```ts
   * import { Enclave, Secret } from "@securememory/core";
   *
   * using enclave = Enclave.seal(Secret.random(32));
   * using key = enclave.open({ label: "signing key" });
   * console.log(key.length, enclave.isClosed); // 32 false
   * ```
   */
  open(options?: SecretOptions): Secret {
    if (this.isClosed) throw closedError();
    return openSecret(this.#handle, this.#shape, options);
  }

  /**
   * A ticket for another Worker of this process. From now on the enclave lives until somebody closes
   * it: it is no longer wiped when it is collected.
   *
   * @returns What to post; see {@linkcode Enclave.attach}.
   * @throws {SecretClosedError} If the enclave was closed.
   *
   * @example Usage
   * ```ts
   * import { Enclave } from "@securememory/core";
   *
   * using enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
   * const ticket = structuredClone(enclave.share());
   * console.log(Enclave.attach(ticket).length); // 3
   * ```
   */
  share(): SharedEnclave {
    if (this.isClosed) throw closedError();
    const handle = this.#handle;
    const { flag, net } = this.#shape;
    if (flag === undefined) {
      this.#shape = sharedShape(this.#shape);
      shareHot(handle, this.#shape.flag as Int32Array<SharedArrayBuffer>);
      net?.shared(handle);
    }
    return ticketOf(handle, this.#shape);
  }

  /**
   * Closes the enclave: its box is wiped now, and what is open of it in this thread too, or with the
   * last window on it. An open copy that another Worker keeps is wiped there after `enclaveIdle`, and
   * not used meanwhile. Secrets that `open` made are on their own. Closing twice is fine.
   *
   * @example Usage
   * ```ts
   * import { Enclave } from "@securememory/core";
   *
   * const enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
   * enclave.close();
   * console.log(enclave.isClosed); // true
   * ```
   */
  close(): void {
    const handle = this.#handle;
    if (handle === 0) return;
    this.#handle = 0;
    const { library, flag, net } = this.#shape;
    // Once another holder has closed it, the number may be another enclave's.
    if (flag === undefined || Atomics.exchange(flag, 0, 1) === 0) {
      net?.closed();
      library.calls.securememory_enclave_close(handle);
    }
    dropHot(handle);
  }

  /** The same as {@linkcode Enclave.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** `Enclave(32 bytes)`. */
  toString(): string {
    return redacted(this.length, "Enclave");
  }

  /** `Enclave(32 bytes)`; an enclave never turns into a number. */
  [Symbol.toPrimitive](): string {
    return this.toString();
  }

  /** `[object Enclave]`. */
  get [Symbol.toStringTag](): string {
    return "Enclave";
  }
}
