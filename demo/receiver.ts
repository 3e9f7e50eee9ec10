/**
 * The receiver of webhooks, whatever server it stands behind.
 *
 * @module
 */
import type { Secret } from "../mod.ts";
import { verify } from "./signature.ts";

/** Decides on one delivery. */
export class Receiver {
  readonly #key: Secret;
  accepted = 0;
  rejected = 0;
  acceptedBytes = 0;

  constructor(key: Secret) {
    this.#key = key;
  }

  /** The status to answer with. */
  receive(body: Uint8Array, signature: string | null): 204 | 401 {
    if (!verify(this.#key, body, signature)) {
      this.rejected += 1;
      return 401;
    }
    // From here on the body can be trusted: a real receiver would parse it and act on it.
    this.accepted += 1;
    this.acceptedBytes += body.byteLength;
    return 204;
  }
}
