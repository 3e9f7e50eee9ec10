/**
 * A secret of what is written to a stream.
 *
 * @module
 */
import { describe } from "../arguments.ts";
import { SourceError } from "../errors.ts";
import { isKept } from "../kept_bytes.ts";
import { resolve as resolveOptions, type SecretOptions } from "../options.ts";
import { isViewOfSecret, Secret } from "../secret.ts";
import { empty, tooLarge } from "./failure.ts";
import { checkMaxBytes } from "./options.ts";

/** Options of {@linkcode SecretWriter}. */
export interface SecretWriterOptions extends SecretOptions {
  /** Bytes that may be written at most; more are an error. Default 1,048,576. */
  maxBytes?: number;
}

/** Bytes that the first of the growing secrets has. */
const FIRST = 4096;
const NAME = "the stream";

/**
 * Collects what is written to a stream in a secret. Each chunk is copied and then **wiped**: the
 * array that was written is full of zeros afterwards.
 *
 * Disposing the writer before the stream was closed aborts it.
 *
 * What queues up in the stream because the writing side does not wait is in ordinary memory until
 * its turn comes, and is not wiped if the stream is aborted before. `pipeTo` waits.
 *
 * @example Usage
 * ```ts
 * import { SecretWriter } from "@securememory/core";
 *
 * const body = new Response("correct horse").body as ReadableStream<Uint8Array>;
 * using writer = new SecretWriter({ maxBytes: 1024 });
 * await body.pipeTo(writer.writable);
 * using password = await writer.secret;
 * console.log(password.length); // 13
 * ```
 */
export class SecretWriter implements Disposable {
  /** Where to write. Chunks have to be arrays of bytes, in memory that is not shared. */
  readonly writable: WritableStream<Uint8Array>;
  /**
   * The secret, once the stream was closed. From then on it is the caller's to close. Rejects if
   * nothing was written, with {@linkcode SourceError}, and with the stream's error if that fails. It
   * need not be looked at: whoever writes hears of the same.
   */
  readonly secret: Promise<Secret>;

  readonly #maxBytes: number;
  readonly #options: SecretOptions;
  readonly #resolve: (secret: Secret) => void;
  readonly #reject: (reason: unknown) => void;
  #controller: WritableStreamDefaultController | undefined;
  /** The bytes so far, at the start of a secret that is larger. */
  #held: Secret | undefined;
  #used = 0;
  #ended = false;

  /**
   * Makes a writer.
   *
   * @param options How much may be written, and how the secret is kept.
   * @throws {TypeError} If an option is of the wrong type.
   * @throws {RangeError} If `maxBytes` is not a whole number from 1 to 2^32 - 2.
   * @throws {UnsupportedError} If the native library cannot be used.
   */
  constructor(options: SecretWriterOptions = {}) {
    // Refuses what is no object, which has no rest.
    if (typeof options !== "object" || options === null) resolveOptions(options);
    const { maxBytes, ...rest } = options;
    resolveOptions(rest);
    this.#maxBytes = checkMaxBytes(maxBytes);
    this.#options = rest;
    const { promise, resolve, reject } = Promise.withResolvers<Secret>();
    // Whoever writes hears of failures; a promise that nobody asked for must not end the process.
    promise.catch(() => {});
    this.secret = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      write: (chunk) => this.#failing(() => this.#write(chunk)),
      close: () => this.#failing(() => this.#close()),
      abort: (reason) =>
        this.#fail(
          new SourceError(`Cannot create a secret from ${NAME}: it was aborted`, { cause: reason }),
        ),
    });
  }

  /** Aborts the stream if it was not closed. A secret that was handed out stays as it is. */
  [Symbol.dispose](): void {
    if (this.#ended) return;
    const error = new SourceError(
      `Cannot create a secret from ${NAME}: its writer was disposed before the stream was closed`,
    );
    // A stream that somebody writes to is locked, and only its controller ends it.
    this.#controller?.error(error);
    this.#fail(error);
  }

  /** Whatever goes wrong, nothing is left of what was written. */
  #failing(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reject(error);
    this.#drop();
  }

  #drop(): void {
    this.#held?.close();
    this.#held = undefined;
  }

  #write(chunk: unknown): void {
    checkChunk(chunk);
    // Those of a buffer that went elsewhere are empty, too.
    const count = chunk.byteLength;
    if (count === 0) return;
    try {
      const used = this.#used + count;
      if (used > this.#maxBytes) throw tooLarge(NAME, this.#maxBytes);
      const held = this.#room(used);
      held.update((bytes) => void bytes.set(chunk, this.#used));
      this.#used = used;
    } finally {
      chunk.fill(0);
    }
  }

  /** A secret with room for so many bytes, which begins with those that there are. */
  #room(needed: number): Secret {
    const held = this.#held;
    if (held !== undefined && held.length >= needed) return held;
    const doubled = Math.max(FIRST, 2 * (held?.length ?? 0), needed);
    return this.#move(Math.min(doubled, this.#maxBytes));
  }

  /** Into a secret of another length, from page to page; what was there before is wiped. */
  #move(length: number): Secret {
    const held = this.#held;
    const count = this.#used;
    this.#held = Secret.fill(length, (target) => {
      held?.withBytes((bytes) => target.set(bytes.subarray(0, count)));
    }, this.#options);
    held?.close();
    return this.#held;
  }

  #close(): void {
    if (this.#used === 0) throw empty(NAME);
    const held = this.#held as Secret;
    const secret = held.length === this.#used ? held : this.#move(this.#used);
    this.#ended = true;
    this.#held = undefined;
    this.#resolve(secret);
  }
}

/**
 * @throws {TypeError} If it is no array of bytes, or one that cannot be wiped for good.
 */
function checkChunk(chunk: unknown): asserts chunk is Uint8Array {
  if (!(chunk instanceof Uint8Array)) {
    throw new TypeError(
      `Cannot write the chunk: it must be a Uint8Array, current value is ${describe(chunk)}`,
    );
  }
  // To ask for the buffer of such an array would move it, and leave a copy behind.
  if (isKept(chunk)) return;
  if (!(chunk.buffer instanceof ArrayBuffer)) {
    throw new TypeError(
      "Cannot write the chunk: it must not be in shared memory, which other threads could read or change meanwhile",
    );
  }
  if (isViewOfSecret(chunk)) {
    throw new TypeError("Cannot write the chunk: it is a view of a secret. Use copy()");
  }
}
