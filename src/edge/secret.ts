/**
 * The life cycle of a secret at the edge, as its user sees it: the methods of the main entry.
 *
 * @module
 */
import {
  checkFunction,
  checkLength,
  checkSource,
  checkString,
  checkTarget,
  checkWhole,
  notComparable,
} from "../arguments.ts";
import { SecretClosedError } from "../errors.ts";
import { rejectAsync } from "../escape.ts";
import type { SecretOptions } from "../option_types.ts";
import { hideFromInspectors, redacted } from "../redact.ts";
import { type Bytes, OpenWindow, run, runAsync, runBlind, type SecretWindow } from "../running.ts";
import { copyOut, streamOf, type StreamOptions } from "../stream.ts";
import { utf8Length } from "../utf8.ts";
import { Cell } from "./cell.ts";
import { core } from "./core.ts";
import { create, createFilled } from "./create.ts";
import { failure } from "./failure.ts";
import {
  close,
  enter,
  enterAlone,
  enterLasting,
  isClosing,
  isGone,
  isWritable,
  leave,
} from "./gate.ts";
import { watch } from "./leaks.ts";
import { resolve } from "./options.ts";
import { withScratch } from "./scratch.ts";
import { type SecretStatus, statusOf } from "./status.ts";
import { unsupported } from "./unsupported.ts";

/** From a view to its secret: whoever has the view keeps the secret. */
const owners = new WeakMap<Bytes, Secret>();

/** Secrets with asynchronous windows open: not collected, whatever the callback holds. */
const inUse = new Map<Secret, number>();

/** JSON shows the redacted text; and since it is a function, cloning a secret throws. */
function toJSON(this: Secret): string {
  return this.toString();
}

/**
 * Bytes that are kept out of the JavaScript heap, in WebAssembly memory, encrypted except inside a
 * window.
 *
 * Nothing locks or protects that memory, and the key that encrypts is in it:
 * {@linkcode capabilities} says what does not hold. On Bun, Deno and Node the main entry,
 * `@securememory/core`, does more.
 *
 * @example Usage
 * ```ts
 * import { Secret } from "@securememory/core/edge";
 *
 * using key = Secret.random(32);
 * const sum = key.withBytes((bytes) => bytes.reduce((a, b) => a + b));
 * console.log(sum > 0, `${key}`); // true Secret(32 bytes)
 * ```
 */
export class Secret implements Disposable, AsyncDisposable {
  readonly #cell: Cell;

  /** The redacted text. Being an own function, it also makes `structuredClone` and `postMessage` throw. */
  readonly toJSON: () => string = toJSON;

  static {
    hideFromInspectors(this.prototype);
  }

  private constructor(cell: Cell) {
    if (!(cell instanceof Cell)) {
      throw new TypeError("Cannot construct a Secret: use Secret.from, fromString, random or fill");
    }
    this.#cell = cell;
  }

  /**
   * Makes a secret of a copy of `source`, and wipes `source`.
   *
   * @param source 1 to 2^32 - 1 bytes. Left as it is if this throws.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `source` is neither a Uint8Array nor an ArrayBuffer, or its memory is shared.
   * @throws {RangeError} If `source` is empty.
   * @throws {AllocationError} If there is no memory, or it would have to grow inside a window.
   * @throws {UnsupportedError} If WebAssembly cannot be used, or an option requires what it lacks.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * const source = new Uint8Array([1, 2, 3]);
   * using secret = Secret.from(source);
   * console.log(source); // Uint8Array(3) [ 0, 0, 0 ]
   * ```
   */
  static from(source: Uint8Array | ArrayBuffer, options?: SecretOptions): Secret {
    const { bytes, kept } = checkSource(source);
    // The buffer of bytes that the engine keeps must not be asked for: that moves them.
    if (!kept) checkWritable(bytes, "create a secret from the source");
    const cell = createFilled(bytes.byteLength, options, (view) => view.set(bytes));
    // Only after everything has succeeded.
    bytes.fill(0);
    return Secret.#watched(cell);
  }

  /**
   * Makes a secret of the UTF-8 bytes of `text`, encoded straight into WebAssembly memory. The
   * string itself cannot be wiped: prefer bytes where you have the choice.
   *
   * @param text At least one character. Lone surrogates become U+FFFD.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `text` is not a string.
   * @throws {RangeError} If `text` is empty.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using password = Secret.fromString("correct horse");
   * console.log(password.length); // 13
   * ```
   */
  static fromString(text: string, options?: SecretOptions): Secret {
    checkString(text);
    const length = checkLength(utf8Length(text));
    const write = (bytes: Bytes) => void new TextEncoder().encodeInto(text, bytes);
    return Secret.#watched(createFilled(length, options, write));
  }

  /**
   * Makes a secret of random bytes, which `crypto.getRandomValues` writes where they stay.
   *
   * @param length Bytes, a whole number from 1 to 2^32 - 1.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `length` is not a number.
   * @throws {RangeError} If `length` is out of range.
   * @throws {AllocationError} If there is no memory, or the runtime gives no random bytes: Cloudflare
   * Workers do in handlers only.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.random(32);
   * console.log(`${key}`); // Secret(32 bytes)
   * ```
   */
  static random(length: number, options?: SecretOptions): Secret {
    checkLength(length);
    return Secret.#watched(create(
      length,
      options,
      (calls, alignment) => calls.securememory_create_random(length, alignment),
    ));
  }

  /**
   * Makes a secret that `write` fills in place.
   *
   * @param length Bytes, a whole number from 1 to 2^32 - 1.
   * @param write Gets `length` zero bytes to write to. If it throws, nothing is left.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `write` is not a function, is asynchronous, or returns its argument.
   * @throws {RangeError} If `length` is out of range.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using secret = Secret.fill(16, (bytes) => {
   *   crypto.getRandomValues(bytes);
   * });
   * console.log(secret.length); // 16
   * ```
   */
  static fill(length: number, write: (bytes: Uint8Array) => void, options?: SecretOptions): Secret {
    checkLength(length);
    checkFunction(write, "fill");
    return Secret.#watched(createFilled(length, options, write));
  }

  /**
   * There is nothing to attach: WebAssembly memory is of one isolate, and not shared.
   *
   * @throws {UnsupportedError} Always.
   *
   * @example Usage
   * ```ts
   * import { Secret, UnsupportedError } from "@securememory/core/edge";
   *
   * try {
   *   Secret.attach({});
   * } catch (error) {
   *   console.log(error instanceof UnsupportedError); // true
   * }
   * ```
   */
  static attach(_shared: unknown): never {
    throw unsupported("attach the secret", "its memory belongs to one isolate and is not shared");
  }

  /**
   * Not here: an edge runtime has no environment block that could be read without its strings.
   *
   * @throws {UnsupportedError} Always.
   *
   * @example Usage
   * ```ts
   * import { Secret, UnsupportedError } from "@securememory/core/edge";
   *
   * try {
   *   Secret.fromEnv("API_KEY");
   * } catch (error) {
   *   console.log(error instanceof UnsupportedError); // true
   * }
   * ```
   */
  static fromEnv(_name: string, _options?: SecretOptions): never {
    throw unsupported(
      "read the environment",
      "there is none outside of JavaScript strings here. Use Secret.fromString(env.NAME)",
    );
  }

  /**
   * Not here: there are no files.
   *
   * @throws {UnsupportedError} Always.
   *
   * @example Usage
   * ```ts
   * import { Secret, UnsupportedError } from "@securememory/core/edge";
   *
   * try {
   *   Secret.fromFile("/run/secrets/key");
   * } catch (error) {
   *   console.log(error instanceof UnsupportedError); // true
   * }
   * ```
   */
  static fromFile(_path: string | URL, _options?: SecretOptions): never {
    throw unsupported("read the file", "an edge runtime has no files. Use Secret.from");
  }

  /**
   * Not here: there are no file descriptors.
   *
   * @throws {UnsupportedError} Always.
   *
   * @example Usage
   * ```ts
   * import { Secret, UnsupportedError } from "@securememory/core/edge";
   *
   * try {
   *   Secret.fromFd(0);
   * } catch (error) {
   *   console.log(error instanceof UnsupportedError); // true
   * }
   * ```
   */
  static fromFd(_fd: number, _options?: SecretOptions): never {
    throw unsupported(
      "read the file descriptor",
      "an edge runtime has none. Use Secret.from",
    );
  }

  /**
   * Not here: there is no terminal.
   *
   * @throws {UnsupportedError} Always.
   *
   * @example Usage
   * ```ts
   * import { Secret, UnsupportedError } from "@securememory/core/edge";
   *
   * try {
   *   Secret.prompt("Password: ");
   * } catch (error) {
   *   console.log(error instanceof UnsupportedError); // true
   * }
   * ```
   */
  static prompt(_question: string, _options?: SecretOptions): never {
    throw unsupported("prompt for a secret", "an edge runtime has no terminal");
  }

  static #watched(cell: Cell): Secret {
    const secret = new Secret(cell);
    watch(secret, cell);
    // A producer has had the view already, and may have kept it.
    if (cell.view !== undefined) owners.set(cell.view, secret);
    return secret;
  }

  /** Length in bytes. It is not secret, and stays known after `close`. */
  get length(): number {
    return this.#cell.length;
  }

  /** True from `close()` or `purge()` on. */
  get isClosed(): boolean {
    return isClosing(this.#cell);
  }

  /**
   * Opens a read-only window for the time of a call. What `fn` writes is dropped when the window
   * closes: WebAssembly memory cannot be made read-only.
   *
   * Windows nest: the secret is decrypted with the first one and encrypted with the last.
   *
   * @typeParam T What `fn` returns.
   * @param fn Gets the bytes: those in WebAssembly memory, not a copy. They must not outlive the
   * call: afterwards they are ciphertext. Their `buffer` is the whole memory.
   * @returns What `fn` returned.
   * @throws {TypeError} If `fn` is no function, is asynchronous, or returns the view or a promise.
   * @throws {SecretClosedError} If the secret was closed; `fn` is not called.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.random(32);
   * const sum = key.withBytes((bytes) => bytes.reduce((a, b) => a + b));
   * console.log(sum > 0); // true
   * ```
   */
  withBytes<T>(fn: (bytes: Uint8Array) => T): T {
    const cell = this.#cell;
    if (typeof fn !== "function") checkFunction(fn, "withBytes");
    if (cell.depth === 0) rejectAsync(fn);
    return run(cell, this.#owned(enter(cell)), fn, leave);
  }

  /**
   * Opens a read-only window that stays open until the promise of `fn` has settled.
   *
   * @typeParam T What the promise of `fn` resolves to.
   * @param fn Gets the bytes, which must not be touched after its promise has settled.
   * @returns What the promise resolved to.
   * @throws As `withBytes`, by rejection.
   * @throws {SecretBusyError} Inside `update`, whose read-write window it would outlive.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.random(32);
   * const hash = await key.withBytesAsync((bytes) =>
   *   crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)
   * );
   * console.log(hash.byteLength); // 32
   * ```
   */
  async withBytesAsync<T>(fn: (bytes: Uint8Array) => PromiseLike<T> | T): Promise<T> {
    checkFunction(fn, "withBytesAsync");
    const cell = this.#cell;
    const bytes = this.#owned(enterLasting(cell));
    inUse.set(this, (inUse.get(this) ?? 0) + 1);
    try {
      return await runAsync(cell, bytes, fn, leave);
    } finally {
      const open = inUse.get(this) as number;
      if (open === 1) inUse.delete(this);
      else inUse.set(this, open - 1);
    }
  }

  /**
   * Opens a read-write window for the time of a call, alone.
   *
   * @typeParam T What `fn` returns.
   * @param fn Gets the bytes to change in place.
   * @returns What `fn` returned.
   * @throws {SecretBusyError} If any window on the secret is open.
   * @throws As `withBytes` otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using counter = Secret.from(new Uint8Array([0]));
   * counter.update((bytes) => {
   *   bytes[0] = 7;
   * });
   * console.log(counter.withBytes((bytes) => bytes[0])); // 7
   * ```
   */
  update<T>(fn: (bytes: Uint8Array) => T): T {
    const cell = this.#cell;
    checkFunction(fn, "update");
    rejectAsync(fn);
    return run(cell, this.#owned(enterAlone(cell)), fn, leave);
  }

  /**
   * Opens a read-only window without a callback. Dispose it: with `using`, or by
   * `window[Symbol.dispose]()`. The secret is decrypted until then.
   *
   * @returns The window.
   * @throws {SecretClosedError} If the secret was closed.
   * @throws {SecretBusyError} Inside `update`, whose read-write window it would outlive.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.random(32);
   * {
   *   using window = key.open();
   *   console.log(window.bytes.length); // 32
   * }
   * ```
   */
  open(): SecretWindow {
    const cell = this.#cell;
    return new OpenWindow(cell, this.#owned(enterLasting(cell)), this, leave);
  }

  /**
   * Compares in constant time, in WebAssembly. Different lengths, which are not secret, are unequal.
   *
   * @param other Another secret, or bytes.
   * @returns True if all bytes are equal.
   * @throws {TypeError} If `other` is neither a Secret nor a Uint8Array.
   * @throws {SecretClosedError} If either secret was closed.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.from(new Uint8Array([1, 2, 3]));
   * console.log(key.equals(new Uint8Array([1, 2, 3]))); // true
   * ```
   */
  equals(other: Secret | Uint8Array): boolean {
    const { handle, length } = this.#cell;
    const action = "Cannot compare the secret";
    if (other instanceof Uint8Array) {
      if (isClosing(this.#cell)) throw new SecretClosedError();
      if (other.byteLength !== length) return false;
      // The room comes first: it may need memory that can grow only outside of windows.
      return withScratch(length, action, (calls, address, room) => {
        room.set(other);
        return this.#inside(() => calls.securememory_equal_bytes(handle, address, length)) === 1;
      });
    }
    if (!(other instanceof Secret)) throw notComparable(other);
    const second = other.#cell.handle;
    return this.#inside(() => other.#inside(() => core().securememory_equal(handle, second))) === 1;
  }

  /**
   * Makes an independent secret of the same bytes, which never pass through JavaScript.
   *
   * @param options How the copy is kept; this secret's options are not inherited.
   * @returns The copy.
   * @throws {SecretClosedError} If the secret was closed.
   * @throws {AllocationError} If there is no memory, or it would have to grow inside a window.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.random(32);
   * using copy = key.copy();
   * console.log(copy.equals(key)); // true
   * ```
   */
  copy(options?: SecretOptions): Secret {
    const cell = this.#cell;
    if (isClosing(cell)) throw new SecretClosedError();
    return Secret.#watched(create(
      cell.length,
      options,
      (calls, alignment) => calls.securememory_create_copy(cell.handle, alignment),
    ));
  }

  /**
   * Copies bytes out. The copy is in ordinary memory: wiping it is up to you.
   *
   * @param target Where to, from its start; as much as fits.
   * @param position Where from, in bytes. Default 0.
   * @returns Bytes copied; 0 at the end.
   * @throws {TypeError} If `target` is not a Uint8Array, or `position` is not a number.
   * @throws {RangeError} If `position` is not a whole number of at least 0.
   * @throws {SecretClosedError} If the secret was closed.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using secret = Secret.fromString("abcdef");
   * const chunk = new Uint8Array(4);
   * console.log(secret.readInto(chunk), secret.readInto(chunk, 4), secret.readInto(chunk, 6)); // 4 2 0
   * ```
   */
  readInto(target: Uint8Array, position = 0): number {
    const cell = this.#cell;
    checkTarget(target);
    checkWritable(target, "read into the target");
    checkWhole(position, "the position", 0);
    return run(cell, enter(cell), (bytes) => copyOut(bytes, target, position), leave);
  }

  /**
   * A stream of copied chunks, each read in a window of its own when it is asked for.
   *
   * @param options The size of the chunks.
   * @returns The stream. It fails with {@linkcode SecretClosedError} if the secret is closed before its end.
   * @throws {RangeError} If `chunkSize` is not a whole number of at least 1.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using secret = Secret.random(100);
   * const lengths: number[] = [];
   * const reader = secret.stream({ chunkSize: 64 }).getReader();
   * for (let read = await reader.read(); !read.done; read = await reader.read()) {
   *   lengths.push(read.value.length);
   * }
   * console.log(lengths); // [ 64, 36 ]
   * ```
   */
  stream(options?: StreamOptions): ReadableStream<Uint8Array> {
    return streamOf((target, position) => this.readInto(target, position), this.length, options);
  }

  /**
   * Not here: WebAssembly memory belongs to one isolate, and is not shared.
   *
   * @throws {UnsupportedError} Always.
   *
   * @example Usage
   * ```ts
   * import { Secret, UnsupportedError } from "@securememory/core/edge";
   *
   * using key = Secret.random(32);
   * try {
   *   key.share();
   * } catch (error) {
   *   console.log(error instanceof UnsupportedError); // true
   * }
   * ```
   */
  share(): never {
    if (isClosing(this.#cell)) throw new SecretClosedError();
    throw unsupported("share the secret", "its memory belongs to one isolate and is not shared");
  }

  /**
   * What holds for this secret right now.
   *
   * @returns The status.
   * @throws {SecretClosedError} If the secret was closed.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.random(32);
   * const { locked, gate, protection } = key.status();
   * console.log(locked, gate, protection); // false cipher none
   * ```
   */
  status(): SecretStatus {
    if (isClosing(this.#cell)) throw new SecretClosedError();
    return statusOf(this.#cell);
  }

  /**
   * Closes the secret: every new window is refused, and the bytes are wiped now or, while
   * a window is open, with the last one. Never waits. Closing twice is fine.
   *
   * @throws {CorruptionError} If something wrote over the bytes around the secret, which is wiped all the same.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * const key = Secret.random(32);
   * key.close();
   * console.log(key.isClosed); // true
   * ```
   */
  close(): void {
    close(this.#cell);
  }

  /** The same as {@linkcode Secret.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Closes the secret and waits until its bytes are wiped, which the last window does.
   *
   * @returns Resolves once the bytes are gone.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * const key = Secret.random(32);
   * await key[Symbol.asyncDispose]();
   * ```
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const cell = this.#cell;
    this.close();
    if (!isGone(cell)) await new Promise<void>((resolve) => cell.onGone.push(resolve));
  }

  /** `Secret(32 bytes)`. */
  toString(): string {
    return redacted(this.length);
  }

  /** `Secret(32 bytes)`; a secret never turns into a number. */
  [Symbol.toPrimitive](): string {
    return this.toString();
  }

  /** `[object Secret]`. */
  get [Symbol.toStringTag](): string {
    return "Secret";
  }

  /** The view of the window that was just opened, which keeps this secret from now on. */
  #owned(view: Bytes): Bytes {
    if (this.#cell.depth === 1 && owners.get(view) === undefined) owners.set(view, this);
    return view;
  }

  /** Makes a call that needs the window, without a view. */
  #inside(call: () => number): number {
    const cell = this.#cell;
    enter(cell);
    const result = runBlind(cell, call, leave);
    if (result < 0) throw failure(result, "Cannot compare the secret");
    return result;
  }
}

/** What is written on a secret outside of `update` would be dropped, and nobody told. */
function checkWritable(bytes: Uint8Array, action: string): void {
  if (isWritable(bytes)) return;
  throw new TypeError(
    `Cannot ${action}: it is a view of a secret that is not writable now. Use copy(), or update()`,
  );
}
