/**
 * Secrets that are made alike.
 *
 * @module
 */
import { mergeOptions, mergeOwnOptions } from "./check_options.ts";
import type { PasswordParams } from "./keyed/options.ts";
import { resolve, type SecretOptions } from "./options.ts";
import { requireRungs } from "./rungs.ts";
import { Secret } from "./secret.ts";
import type { EnvironmentOptions, FileOptions, PromptOptions } from "./sources/options.ts";

/**
 * Makes secrets with the same options. It holds nothing and needs no closing.
 *
 * @example Usage
 * ```ts
 * import { SecretFactory } from "@securememory/core";
 *
 * const keys = new SecretFactory({ label: "signing key", store: "locked" });
 * using key = keys.random(32);
 * console.log(key.length); // 32
 * ```
 */
export class SecretFactory {
  readonly #options: SecretOptions;

  /**
   * Makes a factory.
   *
   * @param options What every secret of this factory gets, unless a call says otherwise.
   * @throws {TypeError} If an option is of the wrong type.
   * @throws {UnsupportedError} If a required rung is missing here.
   */
  constructor(options: SecretOptions = {}) {
    requireRungs(resolve(options).flags);
    this.#options = { ...options };
  }

  /** As {@linkcode Secret.from}. */
  from(source: Uint8Array | ArrayBuffer, options?: SecretOptions): Secret {
    return Secret.from(source, this.#merge(options));
  }

  /** As {@linkcode Secret.fromString}. */
  fromString(text: string, options?: SecretOptions): Secret {
    return Secret.fromString(text, this.#merge(options));
  }

  /** As {@linkcode Secret.fromHex}. */
  fromHex(text: string | Uint8Array, options?: SecretOptions): Secret {
    return Secret.fromHex(text, this.#merge(options));
  }

  /** As {@linkcode Secret.fromBase64}. */
  fromBase64(text: string | Uint8Array, options?: SecretOptions): Secret {
    return Secret.fromBase64(text, this.#merge(options));
  }

  /** As {@linkcode Secret.fromBase64Url}. */
  fromBase64Url(text: string | Uint8Array, options?: SecretOptions): Secret {
    return Secret.fromBase64Url(text, this.#merge(options));
  }

  /** As {@linkcode Secret.fromFile}. */
  fromFile(path: string | URL, options?: FileOptions): Secret {
    return Secret.fromFile(path, mergeOwnOptions(this.#options, options));
  }

  /** As {@linkcode Secret.fromFd}. */
  fromFd(fd: number, options?: FileOptions): Secret {
    return Secret.fromFd(fd, mergeOwnOptions(this.#options, options));
  }

  /** As {@linkcode Secret.random}. */
  random(length: number, options?: SecretOptions): Secret {
    return Secret.random(length, this.#merge(options));
  }

  /** As {@linkcode Secret.fill}. */
  fill(length: number, write: (bytes: Uint8Array) => void, options?: SecretOptions): Secret {
    return Secret.fill(length, write, this.#merge(options));
  }

  /** As {@linkcode Secret.fromPassword}. */
  fromPassword(password: Secret, params: PasswordParams, options?: SecretOptions): Secret {
    return Secret.fromPassword(password, params, this.#merge(options));
  }

  /** As {@linkcode Secret.fromEnv}. */
  fromEnv(name: string, options?: EnvironmentOptions): Secret {
    return Secret.fromEnv(name, mergeOwnOptions(this.#options, options));
  }

  /** As {@linkcode Secret.prompt}. */
  prompt(question: string, options?: PromptOptions): Secret {
    return Secret.prompt(question, mergeOwnOptions(this.#options, options));
  }

  #merge(options: SecretOptions | undefined): SecretOptions {
    return mergeOptions(this.#options, options);
  }
}
