/**
 * Signatures as GitHub sends them: `sha256=` and the HMAC-SHA256 of the raw body, in hex.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import type { Secret } from "../mod.ts";

export const HEADER = "x-signature-256";

/** The whole form, and nothing but the form. */
const FORM = /^sha256=([0-9a-f]{64})$/;

/** The sender's side. */
export function sign(key: Uint8Array, body: Uint8Array): string {
  return `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;
}

/**
 * The receiver's side.
 *
 * @param body As it came: JSON that was parsed and written again has another signature.
 * @returns True if the holder of the key signed this body. Takes equally long for every
 * wrong signature of the right form.
 */
export function verify(key: Secret, body: Uint8Array, signature: string | null): boolean {
  const claimed = FORM.exec(signature ?? "")?.[1];
  if (claimed === undefined) return false;
  // The key is readable in this one native call. Neither it nor the right MAC comes out.
  return key.verifyHmac("SHA-256", body, Uint8Array.fromHex(claimed));
}
