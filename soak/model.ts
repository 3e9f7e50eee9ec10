/**
 * What a Worker holds, and what has to be in it: of each secret its length and the seed of its
 * content.
 *
 * @module
 */
import type { Enclave, Secret, SecretPool } from "../mod.ts";

/** Where secrets are made. */
export interface Pool {
  readonly name: "pool" | "sealing pool";
  pool: SecretPool;
  /** All Workers make secrets in it: nobody closes it before the end. */
  readonly shared: boolean;
}

/** A secret. */
export interface HeldSecret {
  readonly what: "secret";
  readonly secret: Secret;
  seed: number;
  readonly length: number;
  /** Another Worker may have it, too. */
  shared: boolean;
  /** Undefined if it has pages of its own. */
  readonly home: Pool | undefined;
}

/** An enclave. */
export interface HeldEnclave {
  readonly what: "enclave";
  readonly enclave: Enclave;
  readonly seed: number;
  readonly length: number;
  shared: boolean;
}

export type Held = HeldSecret | HeldEnclave;

/** What goes to another Worker. */
export interface Ticket {
  readonly what: Held["what"];
  readonly seed: number;
  readonly length: number;
  /** What `share()` gave. */
  readonly shared: unknown;
  /** Number of the Worker that gets it. */
  readonly to: number;
}

/** The kind of a secret, in words. */
export function kindOf(held: Held): string {
  if (held.what === "enclave") return "enclave";
  return held.home?.name ?? "secret";
}

/** True for what `close()` was called on, or what somebody else has closed. */
export function isGone(held: Held): boolean {
  return held.what === "enclave" ? held.enclave.isClosed : held.secret.isClosed;
}
