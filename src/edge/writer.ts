/**
 * A secret of what is written to a stream.
 *
 * @module
 */
import type { SecretWriterOptions } from "../sources/options.ts";
import { Collector, type Maker } from "../sources/collect.ts";
import { isViewOfSecret } from "./gate.ts";
import { resolve } from "./options.ts";
import { Secret } from "./secret.ts";

const maker: Maker<Secret> = {
  fill: (length, write, options) => Secret.fill(length, write, options),
  check: resolve,
  isViewOfSecret,
};

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
 * import { SecretWriter } from "@securememory/core/edge";
 *
 * const body = new Response("correct horse").body as ReadableStream<Uint8Array>;
 * using writer = new SecretWriter({ maxBytes: 1024 });
 * await body.pipeTo(writer.writable);
 * using password = await writer.secret;
 * console.log(password.length); // 13
 * ```
 */
export class SecretWriter implements Disposable {
  readonly #collector: Collector<Secret>;

  /**
   * Makes a writer.
   *
   * @param options How much may be written, and how the secret is kept.
   * @throws {TypeError} If an option is of the wrong type.
   * @throws {RangeError} If `maxBytes` is not a whole number from 1 to 2^32 - 2.
   * @throws {UnsupportedError} If an option requires what WebAssembly lacks.
   */
  constructor(options: SecretWriterOptions = {}) {
    this.#collector = new Collector(maker, options);
  }

  /** Where to write. Chunks have to be arrays of bytes, in memory that is not shared. */
  get writable(): WritableStream<Uint8Array> {
    return this.#collector.writable;
  }

  /**
   * The secret, once the stream was closed. From then on it is the caller's to close. Rejects if
   * nothing was written, with {@linkcode SourceError}, and with the stream's error if that fails. It
   * need not be looked at: whoever writes hears of the same.
   */
  get secret(): Promise<Secret> {
    return this.#collector.secret;
  }

  /** Aborts the stream if it was not closed. A secret that was handed out stays as it is. */
  [Symbol.dispose](): void {
    this.#collector.end();
  }
}
