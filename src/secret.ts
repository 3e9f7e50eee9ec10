/**
 * The life cycle of a secret, as its user sees it.
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
} from "./arguments.ts";
import { Asleep, closedAsleep, isAsleepClosed } from "./asleep.ts";
import { Cell } from "./cell.ts";
import { create, createFilled, createFrom } from "./create.ts";
import { SecretClosedError } from "./errors.ts";
import { rejectAsync } from "./escape.ts";
import {
  close,
  enter,
  enterAlone,
  enterLasting,
  isClosing,
  isGone,
  leave,
  leaveLasting,
} from "./gate.ts";
import { setInside } from "./inside.ts";
import { isKept, withStill } from "./kept_bytes.ts";
import { decrypt, decryptSecret, encrypt, encryptSecret } from "./keyed/box.ts";
import { DECRYPTING } from "./keyed/box_arguments.ts";
import { agree, publicKey, sign } from "./keyed/curve.ts";
import type { KeyKind } from "./keyed/curve_arguments.ts";
import { derive } from "./keyed/derive.ts";
import type { Hash } from "./keyed/hash.ts";
import { hmac, verifyHmac } from "./keyed/hmac.ts";
import { MAKING } from "./keyed/hmac_arguments.ts";
import { hmacSecret } from "./keyed/hmac_secret.ts";
import {
  type DecryptOptions,
  type DecryptSecretOptions,
  type DeriveOptions,
  type EncryptOptions,
  type HmacSecretOptions,
  isForSecret,
  type PasswordParams,
  requireNoOptions,
} from "./keyed/options.ts";
import { fromPassword } from "./keyed/password.ts";
import { watch } from "./leaks.ts";
import { failure } from "./native/failure.ts";
import { resolve, type SecretOptions } from "./options.ts";
import { closeAsleep } from "./pool/close.ts";
import { keepAwake, useSleepers, wake } from "./pool/wake.ts";
import { hideFromInspectors, redacted } from "./redact.ts";
import { attachCell, shareCell, type SharedSecret } from "./share.ts";
import { decodeBytes, decodeString } from "./sources/decode.ts";
import { readEnvironment } from "./sources/environment.ts";
import type { Format } from "./sources/formats.ts";
import type { EnvironmentOptions, FileOptions, PromptOptions } from "./sources/options.ts";
import { ask } from "./sources/prompt.ts";
import { readDescriptor, readFile } from "./sources/read.ts";
import { type SecretStatus, statusOf } from "./status.ts";
import { copyOut, streamOf, type StreamOptions } from "./stream.ts";
import { utf8Length } from "./utf8.ts";
import { viewFor } from "./view.ts";
import {
  type Bytes,
  openWindow,
  runInside,
  runInsideAsync,
  runWithoutView,
  type SecretWindow,
} from "./window.ts";

/** From the buffer under a view to the secret: whoever has the view keeps the secret. */
const owners = new WeakMap<ArrayBufferLike, Secret>();

/** Whether bytes are those of a secret themselves, and no copy. */
export function isViewOfSecret(bytes: Uint8Array): boolean {
  return owners.has(bytes.buffer);
}

/** Secrets with asynchronous windows open: not collected, whatever the callback holds. */
const inUse = new Map<Secret, number>();

/** JSON shows the redacted text; and since it is a function, cloning a secret throws. */
function toJSON(this: Secret): string {
  return this.toString();
}

/**
 * Bytes that are kept out of the JavaScript heap, on pages that are inaccessible
 * except inside a window.
 *
 * The pages are locked (never swapped), guarded on both sides, left out of core dumps,
 * wiped on fork and wiped on close. A view that outlives its window stops the process
 * when it is touched.
 *
 * @example Usage
 * ```ts
 * import { Secret } from "@securememory/core";
 * import { createHmac } from "node:crypto";
 *
 * using key = Secret.random(32);
 * const mac = key.withBytes((bytes) => createHmac("sha256", bytes).update("message").digest());
 * console.log(mac.length, key); // 32 Secret(32 bytes)
 * ```
 */
export class Secret implements Disposable, AsyncDisposable {
  /** A cell while it is awake, as all but those of pools are for good. */
  #state: Cell | Asleep;
  /** Number of a pool's secret in the native library, for which it has no cell while it sleeps; else 0. */
  readonly #handle: number;

  /** The redacted text. Being an own function, it also makes `structuredClone` and `postMessage` throw. */
  readonly toJSON: () => string = toJSON;

  static {
    hideFromInspectors(this.prototype);
    useSleepers({
      cellOf(secret) {
        const state = (secret as Secret).#state;
        return state.awake ? state : undefined;
      },
      lay: (secret, asleep) => (secret as Secret).#state = asleep,
    });
    setInside({
      watched: (cell) => Secret.#watched(cell),
      pooled: (state, handle) => Secret.#pooled(state, handle),
      poolOf(secret) {
        const state = secret.#state;
        return state.awake ? state.pool : state.pool?.handle;
      },
      cell: (secret, spare) => Secret.#cell(secret, spare),
      view: (secret, cell) => cell.view ?? Secret.#view(secret, cell),
      from: (source, make) => Secret.#from(source, make),
      checkWritable: (bytes, action) => Secret.#checkWritable(bytes, action),
    });
  }

  private constructor(state: Cell | Asleep, handle = 0) {
    if (!(state instanceof Cell || state instanceof Asleep)) {
      throw new TypeError("Cannot construct a Secret: use Secret.from, fromString, random or fill");
    }
    this.#state = state;
    this.#handle = handle;
  }

  // No method of an instance is private: engines give each of a million a field for that.

  /** The cell, which is there once the secret is awake; `spare` does not fall asleep for that. */
  static #cell(secret: Secret, spare?: Cell): Cell {
    const state = secret.#state;
    if (state.awake) return state;
    const cell = wake(state, secret.#handle, spare);
    secret.#state = cell;
    keepAwake(secret, cell, spare);
    return cell;
  }

  /**
   * Makes a secret of a copy of `source`, and wipes `source`.
   *
   * @param source 1 to 2^32 - 1 bytes. Left as it is if this throws.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `source` is neither a Uint8Array nor an ArrayBuffer, or its memory is shared.
   * @throws {RangeError} If `source` is empty.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   * @throws {AllocationError} If the system refuses memory.
   * @throws {UnsupportedError} If the native library cannot be used, or a required rung is missing.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * const source = new Uint8Array([1, 2, 3]);
   * using secret = Secret.from(source);
   * console.log(source); // Uint8Array(3) [ 0, 0, 0 ]
   * ```
   */
  static from(source: Uint8Array | ArrayBuffer, options?: SecretOptions): Secret {
    const make = (bytes: Bytes, length: number) =>
      Secret.#watched(createFrom(bytes, length, options));
    return Secret.#from(source, make);
  }

  /**
   * Makes a secret of the UTF-8 bytes of `text`, encoded straight into the page. The
   * string itself cannot be wiped: prefer bytes where you have the choice.
   *
   * @param text At least one character. Lone surrogates become U+FFFD.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `text` is not a string.
   * @throws {RangeError} If `text` is empty.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
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
   * Makes a secret of the bytes that hexadecimal text stands for (RFC 4648, section 8), and wipes
   * the text if that is bytes. A string cannot be wiped: prefer bytes where you have the choice.
   *
   * Decoded in native code, straight into the page, in a time that depends on no character's
   * value as long as all are valid.
   *
   * @param text Digits of both cases, two for each byte. Left as it is if this throws.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `text` is neither a string nor a Uint8Array, or its memory is shared.
   * @throws {RangeError} If `text` is empty.
   * @throws {SyntaxError} If a digit is wrong or missing; the message has its position only.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
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
   * half of it. Unlike there, unused bits of the last character have to be zero. Decoded in native
   * code, straight into the page, in a time that depends on no character's value as long as all
   * are valid.
   *
   * @param text The text. Left as it is if this throws.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `text` is neither a string nor a Uint8Array, or its memory is shared.
   * @throws {RangeError} If `text` holds no bytes.
   * @throws {SyntaxError} If a character is wrong or missing; the message has its position only.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
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
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.fromBase64Url(new TextEncoder().encode("-_8A"));
   * console.log(key.length); // 3
   * ```
   */
  static fromBase64Url(text: string | Uint8Array, options?: SecretOptions): Secret {
    return Secret.#decoded(text, "base64url", options);
  }

  /**
   * Makes a secret of the content of a file, which the system reads straight into the page: no
   * byte is ever in the JavaScript heap, or in memory that is not locked. The file may be of any
   * kind, and its size need not be known: a mounted secret, a credential of systemd, a FIFO,
   * /dev/stdin. Blocks the thread until everything is read.
   *
   * On Deno it takes the permission to read `path`, though native code does the reading.
   *
   * @param path A path, or a `file:` URL.
   * @param options How much may be read, and how the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `path` is neither a string nor a `file:` URL, or has a zero character in it.
   * @throws {SourceError} If there is no such file, it is a directory, cannot or may not be read, is
   * empty, or has more than `maxBytes`.
   * @throws {LockLimitError} If the budget for locked memory is spent: reading takes up to three
   * times the file's length for a moment.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using content = Secret.fromFile("/etc/hosts", { maxBytes: 65536, trimNewline: true });
   * console.log(content.length > 0); // true
   * ```
   */
  static fromFile(path: string | URL, options?: FileOptions): Secret {
    return Secret.#watched(readFile(path, options));
  }

  /**
   * As {@linkcode Secret.fromFile}, of a file that is open already: from where it stands to its end.
   * It stays open. 0 is standard input; on Windows there is no other.
   *
   * @param fd The number of the descriptor.
   * @param options How much may be read, and how the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `fd` is not a number.
   * @throws {RangeError} If `fd` is not a whole number from 0 to 2^31 - 1.
   * @throws {SourceError} If it is not open for reading, gives nothing, or more than `maxBytes`.
   * @throws {UnsupportedError} On Windows, if it is not 0.
   * @throws {LockLimitError} As `fromFile`.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   * import { closeSync, openSync } from "node:fs";
   *
   * const fd = openSync("/etc/hosts", "r");
   * using content = Secret.fromFd(fd, { trimNewline: true });
   * closeSync(fd);
   * console.log(content.length > 0); // true
   * ```
   */
  static fromFd(fd: number, options?: FileOptions): Secret {
    return Secret.#watched(readDescriptor(fd, options));
  }

  /**
   * Makes a secret of random bytes, which the kernel's generator writes into the page
   * (getrandom(2), getentropy(2), ProcessPrng).
   *
   * @param length Bytes, a whole number from 1 to 2^32 - 1.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `length` is not a number.
   * @throws {RangeError} If `length` is out of range.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
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
      (calls, { alignment, flags }) => calls.securememory_create_random(length, alignment, flags),
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
   * @throws {LockLimitError} If the budget for locked memory is spent.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
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
   * Makes a secret of a password by Argon2id (RFC 9106), in native code: neither the password nor
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
   * @throws {AllocationError} If the system refuses the memory that the work needs.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   * @throws {UnsupportedError} If the native crypto library cannot be used.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
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
    return Secret.#watched(fromPassword(Secret.#cell(password), params, options));
  }

  /**
   * The secret that another thread has shared. Closed anywhere, it is gone everywhere.
   *
   * @param shared What `share` returned, posted to this Worker.
   * @returns The secret, with the same bytes.
   * @throws {TypeError} If `shared` did not come from `share`.
   * @throws {SecretClosedError} If the secret was closed meanwhile.
   * @throws {UnsupportedError} If it is of another process.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * const ticket = key.share(); // worker.postMessage(ticket)
   * const same = Secret.attach(ticket); // in the Worker
   * console.log(same.equals(key)); // true
   * ```
   */
  static attach(shared: SharedSecret): Secret {
    return new Secret(attachCell(shared));
  }

  /**
   * Makes a secret of an environment variable, copied natively from where the system and the C
   * library have it to the page: it is never a JavaScript string.
   *
   * The variable is the one in effect: what was given to the process, or set since by Node's
   * `process.env`, `Deno.env` or native code. If a name is there twice, the first one counts, as
   * for getenv(3). What JavaScript alone has set (Bun's `process.env`, or that of a Worker on Node)
   * is a string already, and not looked at.
   *
   * `scrub` overwrites the value, wherever it stands in the system's block (`/proc/PID/environ`
   * shows zeros then, to everyone) and in the C library's, and takes the variable out of the
   * environment and of JavaScript's: children that start later do not have it. Nothing else has a
   * copy on Deno and Node, unless it was read before. Bun makes one when it starts, which stays, and
   * which `Bun.spawn` gives to children: start them with `env: process.env`. Scrub before Workers
   * are started, which may get copies as well.
   *
   * Like any change of the environment, scrubbing is not for a time at which native code of
   * another thread changes the environment, too. A thread that reads it meanwhile may see a part of the value.
   *
   * On Deno it takes the permission to read the variable, though native code does the reading.
   *
   * @param name The variable's name.
   * @param options Whether the variable goes, and how the secret is kept.
   * @returns The secret, of the bytes that the system has; on Windows, of UTF-8.
   * @throws {TypeError} If `name` is not a string, is empty, or has `=` or a zero character in it.
   * @throws {SourceError} If it is not set, is empty, or may not be read. It is left as it is.
   * @throws {LockLimitError} If the budget for locked memory is spent. It is left as it is.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using path = Secret.fromEnv("PATH");
   * console.log(path.length > 0); // true
   * ```
   *
   * @example Leaving nothing behind
   * ```ts ignore
   * import { Secret } from "@securememory/core";
   *
   * using password = Secret.fromEnv("DB_PASSWORD", { scrub: true });
   * console.log(process.env.DB_PASSWORD); // undefined
   * ```
   */
  static fromEnv(name: string, options?: EnvironmentOptions): Secret {
    return Secret.#watched(readEnvironment(name, options));
  }

  /**
   * Makes a secret of what somebody types at the terminal of the process, without echo. Each byte
   * goes straight to the page. Blocks the thread, and with it the event loop, until there is an
   * answer.
   *
   * It asks at the controlling terminal (/dev/tty, or the console), whatever standard input and
   * output are. What was typed before the question is dropped. Backspace takes a whole character,
   * Ctrl-U the line, Ctrl-W a word (or whatever keys the terminal is set to); Enter ends the answer,
   * Ctrl-D at its beginning ends the input. Nothing else should read from the terminal meanwhile.
   *
   * The terminal is put back as it was in every case. Ctrl-C and signals do then what they would have
   * done: end the process, or call its handlers (once the event loop runs again) while this throws.
   * Ctrl-Z stops the process, and the question comes again when it goes on. In the background the
   * process is stopped, as the system does it.
   *
   * It takes no permission on Deno but that for FFI, as Deno's own `prompt` takes none.
   *
   * @param question What is shown. No line end is added.
   * @param options How long the answer may be, and how the secret is kept.
   * @returns The secret, of the bytes that the terminal sends; on Windows, of UTF-8.
   * @throws {TypeError} If `question` is not a string.
   * @throws {SourceError} If there is no terminal, the answer is empty or longer than `maxBytes`, the
   * input ends, a signal interrupts, or another thread is asking.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   *
   * @example Usage
   * ```ts ignore
   * import { Secret } from "@securememory/core";
   *
   * using password = Secret.prompt("Password: ");
   * console.log(password); // Secret(12 bytes)
   * ```
   */
  static prompt(question: string, options?: PromptOptions): Secret {
    return Secret.#watched(ask(question, options));
  }

  static #from(
    source: Uint8Array | ArrayBuffer,
    make: (bytes: Bytes, length: number) => Secret,
  ): Secret {
    const { bytes, kept } = checkSource(source);
    const length = bytes.byteLength;
    if (!kept) {
      Secret.#checkWritable(bytes, "create a secret from the source");
      return make(bytes, length);
    }
    const secret = withStill(bytes, (still) => make(still, length));
    // Only after everything has succeeded.
    bytes.fill(0);
    return secret;
  }

  static #decoded(
    text: string | Uint8Array,
    format: Format,
    options: SecretOptions | undefined,
  ): Secret {
    if (typeof text === "string") return Secret.#watched(decodeString(text, format, options));
    const { bytes, kept } = checkText(text);
    const length = bytes.byteLength;
    if (!kept) {
      Secret.#checkWritable(bytes, "decode the text");
      return Secret.#watched(decodeBytes(bytes, length, format, options));
    }
    const cell = withStill(bytes, (still) => decodeBytes(still, length, format, options));
    // Only after everything has succeeded.
    bytes.fill(0);
    return Secret.#watched(cell);
  }

  /** Writing to a view of a secret outside `update` would stop the process. */
  static #checkWritable(bytes: Uint8Array, action: string): void {
    const owner = owners.get(bytes.buffer);
    if (owner === undefined || (owner.#state.awake && owner.#state.writable)) return;
    throw new TypeError(
      `Cannot ${action}: it is a view of a secret that is not writable now. Use copy(), or update()`,
    );
  }

  static #watched(cell: Cell): Secret {
    const secret = new Secret(cell);
    watch(secret, cell);
    // A producer has had the view already, and may have kept it.
    if (cell.view !== undefined) owners.set(cell.view.buffer, secret);
    return secret;
  }

  static #pooled(state: Asleep | Cell, handle: number): Secret {
    const secret = new Secret(state, handle);
    if (!state.awake) return secret;
    if (state.view !== undefined) owners.set(state.view.buffer, secret);
    keepAwake(secret, state);
    return secret;
  }

  /** Length in bytes. It is not secret, and stays known after `close`. */
  get length(): number {
    return this.#state.length;
  }

  /** True from `close()` or `purge()` on, wherever that was called. */
  get isClosed(): boolean {
    const state = this.#state;
    return state.awake ? isClosing(state) : isAsleepClosed(state);
  }

  /**
   * Opens a read-only window for the time of a call.
   *
   * Windows nest: the pages open with the first one and close with the last.
   *
   * @typeParam T What `fn` returns.
   * @param fn Gets the bytes: the page itself, not a copy. They must not outlive the call.
   * @returns What `fn` returned.
   * @throws {TypeError} If `fn` is no function, is asynchronous, or returns the view or a promise.
   * @throws {SecretClosedError} If the secret was closed; `fn` is not called.
   * @throws {SecretBusyError} If another thread keeps a read-write window open; `fn` is not called.
   * @throws {ProtectionError} If the pages could not be opened (`fn` is not called) or closed (then
   * the secret was destroyed).
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * const sum = key.withBytes((bytes) => bytes.reduce((a, b) => a + b));
   * console.log(sum > 0); // true
   * ```
   */
  withBytes<T>(fn: (bytes: Uint8Array) => T): T {
    const state = this.#state;
    if (typeof fn !== "function") checkFunction(fn, "withBytes");
    if (state.depth <= 0) rejectAsync(fn);
    const cell = state.awake ? state : Secret.#cell(this);
    enter(cell);
    return runInside(cell, cell.view ?? Secret.#view(this, cell), fn);
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
   * import { Secret } from "@securememory/core";
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
    const cell = Secret.#cell(this);
    enterLasting(cell);
    const bytes = cell.view ?? Secret.#view(this, cell, leaveLasting);
    inUse.set(this, (inUse.get(this) ?? 0) + 1);
    try {
      return await runInsideAsync(cell, bytes, fn);
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
   * @throws {SecretBusyError} If any window on the secret is open, on this thread or another.
   * @throws As `withBytes` otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using counter = Secret.from(new Uint8Array([0]));
   * counter.update((bytes) => {
   *   bytes[0] = 7;
   * });
   * console.log(counter.withBytes((bytes) => bytes[0])); // 7
   * ```
   */
  update<T>(fn: (bytes: Uint8Array) => T): T {
    checkFunction(fn, "update");
    rejectAsync(fn);
    const cell = Secret.#cell(this);
    enterAlone(cell);
    return runInside(cell, cell.view ?? Secret.#view(this, cell), fn);
  }

  /**
   * Opens a read-only window without a callback. Dispose it: with `using`, or by
   * `window[Symbol.dispose]()`. The pages stay open until then.
   *
   * @returns The window.
   * @throws {SecretClosedError} If the secret was closed.
   * @throws {SecretBusyError} Inside `update`, whose read-write window it would outlive.
   * @throws {ProtectionError} If the pages could not be opened.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * {
   *   using window = key.open();
   *   console.log(window.bytes.length); // 32
   * }
   * ```
   */
  open(): SecretWindow {
    const cell = Secret.#cell(this);
    enterLasting(cell);
    return openWindow(cell, cell.view ?? Secret.#view(this, cell, leaveLasting), this);
  }

  /**
   * Compares in constant time, in native code. Different lengths, which are not secret, are unequal.
   *
   * @param other Another secret, or bytes.
   * @returns True if all bytes are equal.
   * @throws {TypeError} If `other` is neither a Secret nor a Uint8Array.
   * @throws {SecretClosedError} If either secret was closed.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using token = Secret.fromString("token");
   * console.log(token.equals(new TextEncoder().encode("guess"))); // false
   * ```
   */
  equals(other: Secret | Uint8Array): boolean {
    if (other instanceof Uint8Array) {
      const length = other.byteLength;
      const equal = (bytes: Uint8Array) =>
        Secret.#native(
          this,
          (calls, { handle }) => calls.securememory_equal_bytes(handle, bytes, length),
        ) === 1;
      return isKept(other) ? withStill(other, equal) : equal(other);
    }
    if (!(other instanceof Secret)) throw notComparable(other);
    return Secret.#native(
      this,
      (_, { handle }) =>
        Secret.#native(other, (calls, cell) => calls.securememory_equal(handle, cell.handle)),
    ) === 1;
  }

  /**
   * HMAC (RFC 2104) with this secret as the key, in native code: the key never passes through
   * JavaScript, and no copy or pad of it is left anywhere.
   *
   * @param hash The hash function.
   * @param data What is authenticated; a string as UTF-8.
   * @returns The MAC: 32 bytes with SHA-256, 64 with SHA-512.
   * @throws {TypeError} If `hash` is none of the two, or `data` is neither a Uint8Array nor a string.
   * @throws {SecretClosedError} If the secret was closed.
   * @throws {SecretBusyError} If another thread keeps a read-write window open.
   * @throws {ProtectionError} If the pages could not be opened, or closed (then the secret was destroyed).
   * @throws {UnsupportedError} If the native crypto library cannot be used.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.fromString("key");
   * const mac = key.hmac("SHA-256", "The quick brown fox jumps over the lazy dog");
   * console.log(mac.toHex().slice(0, 8)); // f7bc83f4
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
   * @throws {LockLimitError} If the budget for locked memory is spent.
   * @throws As the other one otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
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
      return Secret.#watched(hmacSecret(Secret.#cell(this), hash, data, options));
    }
    requireNoOptions(options, MAKING);
    return hmac(Secret.#cell(this), hash, data);
  }

  /**
   * Whether a MAC is that of `data` with this secret as the key. Compares in constant time, in native
   * code: the right MAC never passes through JavaScript.
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
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * const mac = key.hmac("SHA-256", "message");
   * console.log(key.verifyHmac("SHA-256", "message", mac)); // true
   * console.log(key.verifyHmac("SHA-256", "another", mac)); // false
   * ```
   */
  verifyHmac(hash: Hash, data: Uint8Array | string, mac: Uint8Array): boolean {
    return verifyHmac(Secret.#cell(this), hash, data, mac);
  }

  /**
   * Derives another secret from this one by HKDF (RFC 5869), extract and expand, in native code:
   * neither of them passes through JavaScript.
   *
   * @param info What the new secret is for, so that each purpose has its own; a string as UTF-8.
   * @param length Bytes of the new secret, from 1 to 255 times the hash's.
   * @param options The salt, the hash function, and how the new secret is kept; this secret's
   * options are not inherited.
   * @returns The new secret.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If `length` is out of range.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   * @throws As `hmac` otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using main = Secret.random(32);
   * using cookies = main.derive("cookies", 32);
   * using backups = main.derive("backups", 32, { label: "key of the backups" });
   * console.log(cookies.equals(backups)); // false
   * ```
   */
  derive(info: Uint8Array | string, length: number, options?: DeriveOptions): Secret {
    return Secret.#watched(derive(Secret.#cell(this), info, length, options));
  }

  /**
   * Encrypts and authenticates with this secret as the key, by XChaCha20-Poly1305
   * (draft-irtf-cfrg-xchacha-03 on RFC 8439), in native code. The nonce is random, from the kernel:
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
   * @throws {AllocationError} If the system gives no random bytes.
   * @throws As `hmac` otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
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
    const cell = Secret.#cell(this);
    return plaintext instanceof Secret
      ? encryptSecret(cell, Secret.#cell(plaintext, cell), options)
      : encrypt(cell, plaintext, options);
  }

  /**
   * Decrypts a box that `encrypt` made, if it is authentic; nothing of it is written otherwise.
   *
   * The plaintext is an ordinary array, in the JavaScript heap: wiping it is up to you. With
   * `as: "secret"` it goes from the box straight into the page of a new secret.
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
   * import { Secret } from "@securememory/core";
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
   * @throws {LockLimitError} If the budget for locked memory is spent.
   * @throws As the other one otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
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
      ? Secret.#watched(decryptSecret(Secret.#cell(this), box, options))
      : decrypt(Secret.#cell(this), box, options);
  }

  /**
   * Signs with this secret as the key, by Ed25519 (RFC 8032), in native code. The secret is the seed
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
   * import { Secret } from "@securememory/core";
   *
   * using seed = Secret.random(32);
   * const signature = seed.sign("message");
   * const key = await crypto.subtle.importKey("raw", seed.publicKey(), "Ed25519", true, ["verify"]);
   * const message = new TextEncoder().encode("message");
   * console.log(await crypto.subtle.verify("Ed25519", key, signature, message)); // true
   * ```
   */
  sign(message: Uint8Array | string): Uint8Array<ArrayBuffer> {
    return sign(Secret.#cell(this), message);
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
   * import { Secret } from "@securememory/core";
   *
   * using seed = Secret.random(32);
   * console.log(seed.publicKey().length); // 32
   * ```
   */
  publicKey(kind: KeyKind = "Ed25519"): Uint8Array<ArrayBuffer> {
    return publicKey(Secret.#cell(this), kind);
  }

  /**
   * Agrees on a secret with the owner of another key, by X25519 (RFC 7748), in native code. The
   * result is no key yet: derive one from it, with both public keys as `info`, say.
   *
   * @param publicKey The other one's public key, 32 bytes.
   * @param options How the new secret is kept; this secret's options are not inherited.
   * @returns The secret that both get, 32 bytes.
   * @throws {TypeError} If `publicKey` is not a Uint8Array.
   * @throws {RangeError} If this secret or the public key has not 32 bytes, or the public key is
   * one of those that give zeros for every secret (RFC 7748, 6.1).
   * @throws {LockLimitError} If the budget for locked memory is spent.
   * @throws As `hmac` otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using alice = Secret.random(32);
   * using bob = Secret.random(32);
   * using ours = alice.agree(bob.publicKey("X25519"));
   * using theirs = bob.agree(alice.publicKey("X25519"));
   * console.log(ours.equals(theirs)); // true
   * ```
   */
  agree(publicKey: Uint8Array, options?: SecretOptions): Secret {
    return Secret.#watched(agree(Secret.#cell(this), publicKey, options));
  }

  /**
   * Makes an independent secret of the same bytes, which never pass through JavaScript.
   *
   * @param options How the copy is kept; this secret's options are not inherited.
   * @returns The copy.
   * @throws {SecretClosedError} If the secret was closed.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * using copy = key.copy();
   * console.log(copy.equals(key)); // true
   * ```
   */
  copy(options?: SecretOptions): Secret {
    resolve(options);
    const cell = Secret.#cell(this);
    enter(cell);
    let made: Cell | undefined;
    const make = () => {
      made = create(
        cell.length,
        options,
        (calls, { alignment, flags }) =>
          calls.securememory_create_copy(cell.handle, alignment, flags),
      );
    };
    try {
      runWithoutView(cell, make);
    } catch (error) {
      // The copy may be there, and the window on the original failed to close.
      if (made !== undefined) close(made);
      throw error;
    }
    return Secret.#watched(made as unknown as Cell);
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
   * import { Secret } from "@securememory/core";
   *
   * using secret = Secret.fromString("abcdef");
   * const chunk = new Uint8Array(4);
   * console.log(secret.readInto(chunk), secret.readInto(chunk, 4), secret.readInto(chunk, 6)); // 4 2 0
   * ```
   */
  readInto(target: Uint8Array, position = 0): number {
    checkTarget(target);
    Secret.#checkWritable(target, "read into the target");
    checkWhole(position, "the position", 0);
    const cell = Secret.#cell(this);
    enter(cell);
    return runInside(
      cell,
      cell.view ?? Secret.#view(this, cell),
      (bytes) => copyOut(bytes, target, position),
    );
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
   * import { Secret } from "@securememory/core";
   *
   * using secret = Secret.random(100);
   * for await (const chunk of secret.stream({ chunkSize: 64 })) console.log(chunk.length); // 64 36
   * ```
   */
  stream(options?: StreamOptions): ReadableStream<Uint8Array> {
    return streamOf((target, position) => this.readInto(target, position), this.length, options);
  }

  /**
   * A ticket for another Worker of this process. From now on the secret lives until
   * somebody closes it: it is no longer wiped when it is collected.
   *
   * @returns What to post; see {@linkcode Secret.attach}.
   * @throws {SecretClosedError} If the secret was closed.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * const ticket = structuredClone(key.share());
   * console.log(Secret.attach(ticket).length); // 32
   * ```
   */
  share(): SharedSecret {
    return shareCell(Secret.#cell(this));
  }

  /**
   * What holds for this secret right now, as the kernel says. It reads all of
   * /proc/self/smaps, which takes milliseconds where there are thousands of mappings.
   *
   * @returns The status.
   * @throws {SecretClosedError} If the secret was closed.
   * @throws {UnsupportedError} If the system does not tell: there is no /proc.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * const { locked, guarded, protection } = key.status();
   * console.log(locked, guarded, protection); // true true none
   * ```
   */
  status(): SecretStatus {
    const cell = Secret.#cell(this);
    if (isClosing(cell)) throw new SecretClosedError();
    return statusOf(cell);
  }

  /**
   * Closes the secret: every new window is refused, and the bytes are wiped now or, while
   * a window is open, with the last one. Never waits. Closing twice is fine.
   *
   * @throws {CorruptionError} If something wrote over the bytes around the secret, which is wiped all the same.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * const key = Secret.random(32);
   * key.close();
   * console.log(key.isClosed); // true
   * ```
   */
  close(): void {
    const state = this.#state;
    if (state.awake) return close(state);
    this.#state = closedAsleep(state.length);
    closeAsleep(state, this.#handle);
  }

  /** The same as {@linkcode Secret.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Closes the secret and waits until its bytes are wiped, on whatever thread that happens.
   *
   * @returns Resolves once the bytes are gone.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * const key = Secret.random(32);
   * await key[Symbol.asyncDispose]();
   * ```
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const cell = this.#state;
    this.close();
    if (!cell.awake || isGone(cell)) return;
    if (cell.shared === undefined) {
      return await new Promise((resolve) => cell.onGone.push(resolve));
    }
    // Another thread wipes. Atomics.waitAsync does not keep Deno's event loop alive; timers do.
    for (let pause = 0; !isGone(cell); pause = Math.min(pause + 1, 20)) {
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
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

  /** A view for the window that was just opened; closes the window if there is none. */
  static #view(secret: Secret, cell: Cell, giveUp = leave): Bytes {
    try {
      const view = viewFor(cell);
      owners.set(view.buffer, secret);
      return view;
    } catch (error) {
      giveUp(cell);
      throw error;
    }
  }

  /** Runs a native call that needs the window, without a view. */
  static #native(
    secret: Secret,
    call: (calls: Cell["library"]["calls"], cell: Cell) => number,
  ): number {
    const cell = Secret.#cell(secret);
    enter(cell);
    const result = runWithoutView(cell, () => call(cell.library.calls, cell));
    if (result < 0) throw failure(cell.library, result, "Cannot compare the secret");
    return result;
  }
}
