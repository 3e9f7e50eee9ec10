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
  checkText,
  checkWhole,
  describe,
  notComparable,
} from "../arguments.ts";
import { SecretClosedError } from "../errors.ts";
import { rejectAsync } from "../escape.ts";
import { DECRYPTING } from "../keyed/box_arguments.ts";
import type { KeyKind } from "../keyed/curve_arguments.ts";
import type { Hash } from "../keyed/hash.ts";
import { MAKING } from "../keyed/hmac_arguments.ts";
import {
  type DecryptOptions,
  type DecryptSecretOptions,
  type DeriveOptions,
  type EncryptOptions,
  type HmacSecretOptions,
  isForSecret,
  type PasswordParams,
  requireNoOptions,
} from "../keyed/options.ts";
import type { SecretOptions } from "../option_types.ts";
import { hideFromInspectors, redacted } from "../redact.ts";
import { type Bytes, OpenWindow, run, runAsync, runBlind, type SecretWindow } from "../running.ts";
import type { Format } from "../sources/formats.ts";
import { copyOut, streamOf, type StreamOptions } from "../stream.ts";
import { utf8Length } from "../utf8.ts";
import { Cell } from "./cell.ts";
import { core } from "./core.ts";
import { create, createFilled } from "./create.ts";
import { decode } from "./decode.ts";
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
import {
  agree,
  decrypt,
  decryptSecret,
  derive,
  encrypt,
  encryptSecret,
  fromPassword,
  hmac,
  hmacSecret,
  publicKey,
  sign,
  verifyHmac,
} from "./keyed.ts";
import { watch } from "./leaks.ts";
import { withRoom } from "./room.ts";
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
   * Makes a secret of the bytes that hexadecimal text stands for (RFC 4648, section 8), and wipes
   * the text if that is bytes. A string cannot be wiped: prefer bytes where you have the choice.
   *
   * Decoded in WebAssembly, straight to where it stays, in a time that depends on no character's
   * value as long as all are valid.
   *
   * @param text Digits of both cases, two for each byte. Left as it is if this throws.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `text` is neither a string nor a Uint8Array, or its memory is shared.
   * @throws {RangeError} If `text` is empty.
   * @throws {SyntaxError} If a digit is wrong or missing; the message has its position only.
   * @throws {AllocationError} If there is no memory, or it would have to grow inside a window.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * const text = new TextEncoder().encode("00ffA5");
   * using key = Secret.fromHex(text);
   * console.log(key.length, text[0]); // 3 0
   * ```
   */
  static fromHex(text: string | Uint8Array, options?: SecretOptions): Secret {
    return Secret.#decoded(text, "hexadecimal", options);
  }

  /**
   * Makes a secret of the bytes that base64 stands for (RFC 4648, section 4), and wipes the text
   * if that is bytes. A string cannot be wiped: prefer bytes where you have the choice.
   *
   * Takes what `Uint8Array.fromBase64` takes: white space anywhere, and padding or none, but not
   * half of it. Unlike there, unused bits of the last character have to be zero. Decoded in
   * WebAssembly, straight to where it stays, in a time that depends on no character's value as long as all
   * are valid.
   *
   * @param text The text. Left as it is if this throws.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `text` is neither a string nor a Uint8Array, or its memory is shared.
   * @throws {RangeError} If `text` holds no bytes.
   * @throws {SyntaxError} If a character is wrong or missing; the message has its position only.
   * @throws {AllocationError} If there is no memory, or it would have to grow inside a window.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.fromBase64(new TextEncoder().encode("+/8A\n"));
   * console.log(key.length); // 3
   * ```
   */
  static fromBase64(text: string | Uint8Array, options?: SecretOptions): Secret {
    return Secret.#decoded(text, "base64", options);
  }

  /**
   * As {@linkcode Secret.fromBase64}, with `-` and `_` in place of `+` and `/` (RFC 4648, section 5):
   * the form of JSON Web Keys, for example.
   *
   * @param text The text. Left as it is if this throws.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws As `fromBase64`.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.fromBase64Url(new TextEncoder().encode("-_8A"));
   * console.log(key.length); // 3
   * ```
   */
  static fromBase64Url(text: string | Uint8Array, options?: SecretOptions): Secret {
    return Secret.#decoded(text, "base64url", options);
  }

  /**
   * Makes a secret of a password by Argon2id (RFC 9106), in WebAssembly: neither the password nor
   * what becomes of it passes through JavaScript. It takes as long as the parameters say, on this
   * thread.
   *
   * @param password The password, of any length.
   * @param params The nonce, and what the work costs.
   * @param options How the new secret is kept; the password's options are not inherited.
   * @returns The secret: a key, or what a later password is compared with.
   * @throws {TypeError} If `password` is not a Secret, or a parameter is of the wrong type.
   * @throws {RangeError} If a parameter is out of range.
   * @throws {SecretClosedError} If the password was closed.
   * @throws {AllocationError} If there is no memory, or it would have to grow inside a window.
   * @throws {UnsupportedError} If WebAssembly cannot be used.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using password = Secret.fromString("correct horse");
   * const nonce = crypto.getRandomValues(new Uint8Array(16)); // keep it with what the key encrypts
   * using key = Secret.fromPassword(password, { nonce, memory: 1024, passes: 2 });
   * console.log(key.length); // 32
   * ```
   */
  static fromPassword(
    password: Secret,
    params: PasswordParams,
    options?: SecretOptions,
  ): Secret {
    if (!(password instanceof Secret)) {
      throw new TypeError(
        `Cannot make a secret of the password: it must be a Secret, current value is ${
          describe(password)
        }`,
      );
    }
    return Secret.#watched(fromPassword(password.#cell, params, options));
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

  static #decoded(
    text: string | Uint8Array,
    format: Format,
    options: SecretOptions | undefined,
  ): Secret {
    if (typeof text === "string") return Secret.#watched(decode(text, format, options));
    const { bytes, kept } = checkText(text);
    if (!kept) checkWritable(bytes, "decode the text");
    const cell = decode(bytes, format, options);
    // Only after everything has succeeded.
    bytes.fill(0);
    return Secret.#watched(cell);
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
      return withRoom(
        action,
        [{ bytes: other, length }],
        0,
        (calls, { at: [start] }) =>
          this.#inside(() => calls.securememory_equal_bytes(handle, start as number, length)),
      ) === 1;
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
   * HMAC (RFC 2104) with this secret as the key, in WebAssembly: the key never passes through
   * JavaScript, and no copy or pad of it is left anywhere.
   *
   * @param hash The hash function.
   * @param data What is authenticated; a string as UTF-8.
   * @returns The MAC: 32 bytes with SHA-256, 64 with SHA-512.
   * @throws {TypeError} If `hash` is none of the two, or `data` is neither a Uint8Array nor a string.
   * @throws {SecretClosedError} If the secret was closed.
   * @throws {UnsupportedError} If WebAssembly cannot be used.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.fromString("key");
   * const mac = key.hmac("SHA-256", "The quick brown fox jumps over the lazy dog");
   * console.log(mac.length); // 32
   * ```
   */
  hmac(hash: Hash, data: Uint8Array | string): Uint8Array<ArrayBuffer>;
  /**
   * HMAC as a new secret, for chains of MACs in which each is the key of the next: it goes straight
   * into the page of that secret, and never passes through JavaScript.
   *
   * @param hash The hash function.
   * @param data What is authenticated; a string as UTF-8.
   * @param options `as: "secret"`, and how the new secret is kept; this secret's options are not
   * inherited.
   * @returns The new secret: 32 bytes with SHA-256, 64 with SHA-512.
   * @throws {AllocationError} If there is no memory for it.
   * @throws As the other one otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.random(32);
   * using ofDay = key.hmac("SHA-256", "20261123", { as: "secret" });
   * console.log(ofDay.hmac("SHA-256", "message").length); // 32
   * ```
   */
  hmac(hash: Hash, data: Uint8Array | string, options: HmacSecretOptions): Secret;
  hmac(
    hash: Hash,
    data: Uint8Array | string,
    options?: HmacSecretOptions,
  ): Uint8Array<ArrayBuffer> | Secret {
    if (isForSecret<HmacSecretOptions>(options, MAKING)) {
      return Secret.#watched(hmacSecret(this.#cell, hash, data, options));
    }
    requireNoOptions(options, MAKING);
    return hmac(this.#cell, hash, data);
  }

  /**
   * Whether a MAC is that of `data` with this secret as the key. Compares in constant time, in
   * WebAssembly: the right MAC never passes through JavaScript.
   *
   * @param hash The hash function.
   * @param data What was authenticated; a string as UTF-8.
   * @param mac The MAC that came with it. One of another length is wrong.
   * @returns True if it is right.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws As `hmac` otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.random(32);
   * const mac = key.hmac("SHA-256", "message");
   * console.log(key.verifyHmac("SHA-256", "message", mac)); // true
   * console.log(key.verifyHmac("SHA-256", "another", mac)); // false
   * ```
   */
  verifyHmac(hash: Hash, data: Uint8Array | string, mac: Uint8Array): boolean {
    return verifyHmac(this.#cell, hash, data, mac);
  }

  /**
   * Derives another secret from this one by HKDF (RFC 5869), extract and expand, in WebAssembly:
   * neither of them passes through JavaScript.
   *
   * @param info What the new secret is for, so that each purpose has its own; a string as UTF-8.
   * @param length Bytes of the new secret, from 1 to 255 times the hash's.
   * @param options The salt, the hash function, and how the new secret is kept; this secret's
   * options are not inherited.
   * @returns The new secret.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If `length` is out of range.
   * @throws {AllocationError} If there is no memory, or it would have to grow inside a window.
   * @throws As `hmac` otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using main = Secret.random(32);
   * using cookies = main.derive("cookies", 32);
   * using backups = main.derive("backups", 32, { label: "key of the backups" });
   * console.log(cookies.equals(backups)); // false
   * ```
   */
  derive(info: Uint8Array | string, length: number, options?: DeriveOptions): Secret {
    return Secret.#watched(derive(this.#cell, info, length, options));
  }

  /**
   * Encrypts and authenticates with this secret as the key, by XChaCha20-Poly1305
   * (draft-irtf-cfrg-xchacha-03 on RFC 8439), in WebAssembly. The nonce is random, from `crypto.getRandomValues`:
   * with 24 bytes it may be, for any number of boxes.
   *
   * A plaintext that is an array or a string is in the JavaScript heap already, and stays there until
   * you wipe it or it is collected. What is to be kept out of the heap is passed as a Secret.
   *
   * @param plaintext Bytes, a string as UTF-8, or another secret. It may be empty.
   * @param options Additional data, which is authenticated and not in the box.
   * @returns The box: the nonce (24 bytes), the ciphertext (as long as the plaintext), the tag (16).
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If this secret has not 32 bytes.
   * @throws {SecretClosedError} If this secret or the plaintext was closed.
   * @throws {AllocationError} If the runtime gives no random bytes, or no memory.
   * @throws As `hmac` otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.random(32);
   * const box = key.encrypt("attack at dawn", { aad: "orders/7" });
   * console.log(box.length); // 54
   * ```
   */
  encrypt(
    plaintext: Uint8Array | string | Secret,
    options?: EncryptOptions,
  ): Uint8Array<ArrayBuffer> {
    const cell = this.#cell;
    return plaintext instanceof Secret
      ? encryptSecret(cell, plaintext.#cell, options)
      : encrypt(cell, plaintext, options);
  }

  /**
   * Decrypts a box that `encrypt` made, if it is authentic; nothing of it is written otherwise.
   *
   * The plaintext is an ordinary array, in the JavaScript heap: wiping it is up to you. With
   * `as: "secret"` it goes from the box straight into a new secret.
   *
   * @param box The box.
   * @param options The additional data that it was made with.
   * @returns The plaintext.
   * @throws {AuthenticationError} If the box was changed, or made with another key or other additional data.
   * @throws {TypeError} If an argument is of the wrong type, or the box is in shared memory.
   * @throws {RangeError} If this secret has not 32 bytes, or the plaintext of a secret would have none.
   * @throws As `hmac` otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.random(32);
   * const box = key.encrypt("attack at dawn");
   * console.log(new TextDecoder().decode(key.decrypt(box))); // attack at dawn
   * using plaintext = key.decrypt(box, { as: "secret", label: "orders" });
   * console.log(`${plaintext}`); // Secret(14 bytes)
   * ```
   */
  decrypt(box: Uint8Array, options?: DecryptOptions): Uint8Array<ArrayBuffer>;
  /**
   * Decrypts a box into a new secret.
   *
   * @param box The box, of a plaintext of at least one byte.
   * @param options `as: "secret"`, the additional data that it was made with, and how the new secret
   * is kept; this secret's options are not inherited.
   * @returns The new secret.
   * @throws {AllocationError} If there is no memory, or it would have to grow inside a window.
   * @throws As the other one otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using key = Secret.random(32);
   * using dataKey = Secret.random(32);
   * const box = key.encrypt(dataKey);
   * using same = key.decrypt(box, { as: "secret" });
   * console.log(same.equals(dataKey)); // true
   * ```
   */
  decrypt(box: Uint8Array, options: DecryptSecretOptions): Secret;
  decrypt(
    box: Uint8Array,
    options?: DecryptOptions | DecryptSecretOptions,
  ): Uint8Array<ArrayBuffer> | Secret {
    return isForSecret<DecryptSecretOptions>(options, DECRYPTING)
      ? Secret.#watched(decryptSecret(this.#cell, box, options))
      : decrypt(this.#cell, box, options);
  }

  /**
   * Signs with this secret as the key, by Ed25519 (RFC 8032), in WebAssembly. The secret is the seed
   * of 32 bytes that the RFC calls the private key.
   *
   * @param message What is signed; a string as UTF-8.
   * @returns The signature, 64 bytes.
   * @throws {TypeError} If `message` is neither a Uint8Array nor a string.
   * @throws {RangeError} If this secret has not 32 bytes.
   * @throws As `hmac` otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using seed = Secret.random(32);
   * const signature = seed.sign("message");
   * const key = await crypto.subtle.importKey("raw", seed.publicKey(), "Ed25519", true, ["verify"]);
   * const message = new TextEncoder().encode("message");
   * console.log(await crypto.subtle.verify("Ed25519", key, signature, message)); // true
   * ```
   */
  sign(message: Uint8Array | string): Uint8Array<ArrayBuffer> {
    return sign(this.#cell, message);
  }

  /**
   * The public key that belongs to this secret.
   *
   * @param kind For `sign`: `"Ed25519"` (RFC 8032), the default. For `agree`: `"X25519"` (RFC 7748). Use
   * one secret for one of them only.
   * @returns The public key, 32 bytes.
   * @throws {TypeError} If `kind` is none of the two.
   * @throws {RangeError} If this secret has not 32 bytes.
   * @throws As `hmac` otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using seed = Secret.random(32);
   * console.log(seed.publicKey().length); // 32
   * ```
   */
  publicKey(kind: KeyKind = "Ed25519"): Uint8Array<ArrayBuffer> {
    return publicKey(this.#cell, kind);
  }

  /**
   * Agrees on a secret with the owner of another key, by X25519 (RFC 7748), in WebAssembly. The
   * result is no key yet: derive one from it, with both public keys as `info`, say.
   *
   * @param publicKey The other one's public key, 32 bytes.
   * @param options How the new secret is kept; this secret's options are not inherited.
   * @returns The secret that both get, 32 bytes.
   * @throws {TypeError} If `publicKey` is not a Uint8Array.
   * @throws {RangeError} If this secret or the public key has not 32 bytes, or the public key is
   * one of those that give zeros for every secret (RFC 7748, 6.1).
   * @throws {AllocationError} If there is no memory, or it would have to grow inside a window.
   * @throws As `hmac` otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core/edge";
   *
   * using alice = Secret.random(32);
   * using bob = Secret.random(32);
   * using ours = alice.agree(bob.publicKey("X25519"));
   * using theirs = bob.agree(alice.publicKey("X25519"));
   * console.log(ours.equals(theirs)); // true
   * ```
   */
  agree(publicKey: Uint8Array, options?: SecretOptions): Secret {
    return Secret.#watched(agree(this.#cell, publicKey, options));
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
