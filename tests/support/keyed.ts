/**
 * Secrets and bytes for tests of keyed operations.
 *
 * @module
 */
import { Secret, type SecretOptions } from "../../mod.ts";

/** Bytes of a text in hexadecimal. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(text.replaceAll(/\s/g, ""));
}

/** `first`, `first` + 1, ... */
export function counting(first: number, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => first + index);
}

/** The same byte many times. */
export function repeated(byte: number, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).fill(byte);
}

/** A secret of bytes that stay as they are. */
export function secretOf(bytes: Uint8Array, options?: SecretOptions): Secret {
  return Secret.from(Uint8Array.from(bytes), options);
}

/** A copy of a secret's bytes, as hexadecimal; the secret is closed. */
export function taken(secret: Secret): string {
  const text = secret.withBytes((bytes) => Uint8Array.from(bytes).toHex());
  secret.close();
  return text;
}
