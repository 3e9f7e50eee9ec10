/**
 * The ways of using a key that is kept in a `Secret`: node:crypto's, which is handed a view, and
 * the keyed operations, which are not.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import { Secret } from "../../mod.ts";

/** The operations, in the order in which they are shown. */
export const OPERATIONS = {
  createHmac: "`createHmac` with a view",
  hmac: "`hmac` (SHA-256)",
  hmac512: "`hmac` (SHA-512)",
  hmacSecret: "`hmac` into a secret",
  verifyHmac: "`verifyHmac`",
  derive: "`derive`",
  encrypt: "`encrypt`",
  encryptSecret: "`encrypt` of a secret",
  decrypt: "`decrypt`",
  decryptSecret: "`decrypt` into a secret",
  sign: "`sign`",
  publicKey: "`publicKey`",
  agree: "`agree`",
  fromPassword: "`Secret.fromPassword` (100 times)",
} as const;

/** One of {@linkcode OPERATIONS}. */
export type Operation = keyof typeof OPERATIONS;

/** How often each happens; Argon2id is meant to be slow. */
export const TIMES = 3000;
export const TIMES_OF_PASSWORD = 100;

/** Parameters that the search has to know. */
export const INFO = "copies";
export const NONCE: Uint8Array<ArrayBuffer> = new Uint8Array(16).fill(0x5a);
export const PASSWORD = { memory: 64, passes: 1, parallelism: 1, length: 32 } as const;
export const DATA: Uint8Array<ArrayBuffer> = new Uint8Array(64).fill(0x33);
const POINT = new Uint8Array(32).fill(9);

/** Uses a key many times. Returns the nonce of the last box, if any was made. */
export function use(key: Secret, operation: Operation): Uint8Array | undefined {
  const mac = new Uint8Array(32);
  const box = key.encrypt(DATA);
  using text = Secret.from(new Uint8Array(48).fill(0x44));
  let last: Uint8Array | undefined;
  const once: Readonly<Record<Operation, () => unknown>> = {
    createHmac: () => key.withBytes((bytes) => createHmac("sha256", bytes).update(DATA).digest()),
    hmac: () => key.hmac("SHA-256", DATA),
    hmac512: () => key.hmac("SHA-512", DATA),
    hmacSecret: () => key.hmac("SHA-256", DATA, { as: "secret" }).close(),
    verifyHmac: () => key.verifyHmac("SHA-256", DATA, mac),
    derive: () => key.derive(INFO, 32).close(),
    encrypt: () => last = key.encrypt(DATA),
    encryptSecret: () => last = key.encrypt(text),
    decrypt: () => key.decrypt(last = box),
    decryptSecret: () => key.decrypt(last = box, { as: "secret" }).close(),
    sign: () => key.sign(DATA),
    publicKey: () => [key.publicKey("Ed25519"), key.publicKey("X25519")],
    agree: () => key.agree(POINT).close(),
    fromPassword: () => Secret.fromPassword(key, { nonce: NONCE, ...PASSWORD }).close(),
  };
  const times = operation === "fromPassword" ? TIMES_OF_PASSWORD : TIMES;
  for (let time = 0; time < times; time++) once[operation]();
  return last?.slice(0, 24);
}
