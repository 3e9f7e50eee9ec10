/**
 * What keyed operations cost, beside node:crypto on the same runtime with a key that is kept in
 * an array. `hmac` warm runs inside a window, cold opens and closes the page by itself.
 *
 * @module
 */
import { createCipheriv, createHmac, randomBytes } from "node:crypto";
import { Secret } from "../mod.ts";
import { floor } from "./floor.ts";
import { type Subject, type Timed, timed } from "./sample.ts";

/** Names of the references. */
export const CREATE_HMAC = "createHmac";
/** What it may take warm, and 1.15 floors. */
export const COLD_HMAC = "warm limit and 1.15 floors";
export const AES_GCM = "AES-256-GCM";

/** What `hmac` may take in a window: times createHmac. */
export const WARM_HMAC_LIMITS = { "64 B": 1, "4 KiB": 1.5 } as const;

const FLOORS = 1.15;
const KEY_BYTES = 32;

let sink = 0;

/** Keys that take turns, as in operations.ts. */
function keys(): () => Secret {
  const all = Array.from({ length: 8 }, () => Secret.random(KEY_BYTES, { gate: "mprotect" }));
  let turn = 0;
  return () => all[turn++ % all.length] as Secret;
}

/** The rows; their `bytes` are the key's, as everywhere. */
export function keyedSubjects(): Subject[] {
  return [...hmacSubjects(64, "64 B"), ...hmacSubjects(4096, "4 KiB"), ...encryptSubjects()];
}

function hmacSubjects(length: number, name: keyof typeof WARM_HMAC_LIMITS): Subject[] {
  const next = keys();
  const plain = randomBytes(KEY_BYTES);
  const data = new Uint8Array(randomBytes(length));
  const reference = timed((rounds) => {
    for (let round = 0; round < rounds; round++) {
      sink += createHmac("sha256", plain).update(data).digest()[0] as number;
    }
  });
  const loop = (secret: Secret) =>
    timed((rounds) => {
      for (let round = 0; round < rounds; round++) {
        sink += secret.hmac("SHA-256", data)[0] as number;
      }
    });
  const cold: Timed = async (rounds) =>
    WARM_HMAC_LIMITS[name] * await reference(rounds) + FLOORS * floor(rounds, KEY_BYTES);
  return [
    {
      name: `hmac ${name}, warm`,
      bytes: KEY_BYTES,
      references: { [CREATE_HMAC]: reference },
      run(rounds) {
        const secret = next();
        return secret.withBytes(() => loop(secret)(rounds) as number);
      },
    },
    {
      name: `hmac ${name}, cold`,
      bytes: KEY_BYTES,
      references: { [CREATE_HMAC]: reference, [COLD_HMAC]: cold },
      run: (rounds) => loop(next())(rounds),
    },
    {
      name: `createHmac ${name} in a window`,
      bytes: KEY_BYTES,
      references: { [CREATE_HMAC]: reference },
      run(rounds) {
        const secret = next();
        return timed((count) => {
          for (let round = 0; round < count; round++) {
            sink += secret.withBytes((bytes) =>
              createHmac("sha256", bytes).update(data).digest()[0] as number
            );
          }
        })(rounds);
      },
    },
  ];
}

function encryptSubjects(): Subject[] {
  const next = keys();
  const plain = randomBytes(KEY_BYTES);
  const data = new Uint8Array(randomBytes(4096));
  // With a nonce of its own for each message, as it has to have.
  const reference = timed((rounds) => {
    for (let round = 0; round < rounds; round++) {
      const cipher = createCipheriv("aes-256-gcm", plain, randomBytes(12));
      sink += cipher.update(data)[0] as number;
      cipher.final();
      sink += cipher.getAuthTag()[0] as number;
    }
  });
  const loop = (secret: Secret) =>
    timed((rounds) => {
      for (let round = 0; round < rounds; round++) sink += secret.encrypt(data)[0] as number;
    });
  return [
    {
      name: "encrypt 4 KiB, warm",
      bytes: KEY_BYTES,
      references: { [AES_GCM]: reference },
      run(rounds) {
        const secret = next();
        return secret.withBytes(() => loop(secret)(rounds) as number);
      },
    },
    {
      name: "encrypt 4 KiB, cold",
      bytes: KEY_BYTES,
      references: { [AES_GCM]: reference },
      run: (rounds) => loop(next())(rounds),
    },
  ];
}

/** What the loops computed last; printed nowhere. */
export function lastKeyedResult(): number {
  return sink;
}
