/**
 * Collecting what is written to a stream, in secrets that grow.
 *
 * @module
 */
import { describe } from "../arguments.ts";
import { SourceError } from "../errors.ts";
import { isKept } from "../kept_bytes.ts";
import type { SecretOptions } from "../option_types.ts";
import { checkMaxBytes } from "./options.ts";
import { empty, tooLarge } from "./refusals.ts";

/** What is used of a secret. */
interface Room {
  readonly length: number;
  update(fn: (bytes: Uint8Array) => void): void;
  withBytes(fn: (bytes: Uint8Array) => void): void;
  close(): void;
}

/** Where the secrets come from: the main entry or the edge. */
export interface Maker<S extends Room> {
  /** `Secret.fill` */
  fill(length: number, write: (bytes: Uint8Array) => void, options: SecretOptions): S;
  /** Throws if these are no options of a secret. */
  check(options: SecretOptions): void;
  /** Whether bytes are those of a secret themselves, and no copy. */
  isViewOfSecret(bytes: Uint8Array): boolean;
}

/** Bytes that the first of the growing secrets has. */
const FIRST = 4096;
const NAME = "the stream";

/** What is behind a `SecretWriter`. */
export class Collector<S extends Room> {
  readonly writable: WritableStream<Uint8Array>;
  readonly secret: Promise<S>;

  readonly #maker: Maker<S>;
  readonly #maxBytes: number;
  readonly #options: SecretOptions;
  readonly #resolve: (secret: S) => void;
  readonly #reject: (reason: unknown) => void;
  #controller: WritableStreamDefaultController | undefined;
  /** The bytes so far, at the start of a secret that is larger. */
  #held: S | undefined;
  #used = 0;
  #ended = false;

  /** See `SecretWriter`. */
  constructor(maker: Maker<S>, options: SecretOptions & { maxBytes?: number }) {
    this.#maker = maker;
    // Refuses what is no object, which has no rest.
    if (typeof options !== "object" || options === null) maker.check(options);
    const { maxBytes, ...rest } = options;
    maker.check(rest);
    this.#maxBytes = checkMaxBytes(maxBytes);
    this.#options = rest;
    const { promise, resolve, reject } = Promise.withResolvers<S>();
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

  /** Aborts the stream if it was not closed. */
  end(): void {
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
    checkChunk(chunk, this.#maker);
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
  #room(needed: number): S {
    const held = this.#held;
    if (held !== undefined && held.length >= needed) return held;
    const doubled = Math.max(FIRST, 2 * (held?.length ?? 0), needed);
    return this.#move(Math.min(doubled, this.#maxBytes));
  }

  /** Into a secret of another length, from page to page; what was there before is wiped. */
  #move(length: number): S {
    const held = this.#held;
    const count = this.#used;
    this.#held = this.#maker.fill(length, (target) => {
      held?.withBytes((bytes) => target.set(bytes.subarray(0, count)));
    }, this.#options);
    held?.close();
    return this.#held;
  }

  #close(): void {
    if (this.#used === 0) throw empty(NAME);
    const held = this.#held as S;
    const secret = held.length === this.#used ? held : this.#move(this.#used);
    this.#ended = true;
    this.#held = undefined;
    this.#resolve(secret);
  }
}

/**
 * @throws {TypeError} If it is no array of bytes, or one that cannot be wiped for good.
 */
function checkChunk(chunk: unknown, maker: Maker<Room>): asserts chunk is Uint8Array {
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
  if (maker.isViewOfSecret(chunk)) {
    throw new TypeError("Cannot write the chunk: it is a view of a secret. Use copy()");
  }
}
