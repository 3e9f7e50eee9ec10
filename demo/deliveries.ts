/**
 * What the sender sends: most deliveries are good, the others are wrong in one way each.
 *
 * @module
 */
import { randomBytes, randomInt } from "node:crypto";
import { payload } from "./payloads.ts";
import { sign } from "./signature.ts";

/** A request, as far as its signature is concerned. */
export interface Delivery {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly signature: string | undefined;
}

/** A kind of delivery. */
export interface Kind {
  readonly title: string;
  /** Whether the receiver has to accept it. */
  readonly good: boolean;
  readonly count: number;
  make(key: Uint8Array): Delivery;
}

export const KINDS: readonly Kind[] = [
  { title: "signed with the key", good: true, count: 2400, make: signed },
  {
    title: "one bit of the body changed",
    good: false,
    count: 100,
    make(key) {
      const { body, signature } = signed(key);
      const changed = body.slice();
      const at = randomInt(changed.length);
      changed[at] = (changed[at] as number) ^ (1 << randomInt(8));
      return { body: changed, signature };
    },
  },
  {
    title: "one digit of the signature changed",
    good: false,
    count: 100,
    make(key) {
      const { body, signature } = signed(key);
      const at = "sha256=".length + randomInt(64);
      const digit = (Number.parseInt(signature.charAt(at), 16) + randomInt(1, 16)) % 16;
      return {
        body,
        signature: signature.slice(0, at) + digit.toString(16) + signature.slice(at + 1),
      };
    },
  },
  {
    title: "signed with another key",
    good: false,
    count: 100,
    make: () => signed(randomBytes(32)),
  },
  {
    title: "signature of another delivery",
    good: false,
    count: 100,
    make: (key) => ({ body: payload(), signature: signed(key).signature }),
  },
  {
    title: "signature cut short",
    good: false,
    count: 100,
    make(key) {
      const { body, signature } = signed(key);
      return { body, signature: signature.slice(0, randomInt(signature.length)) };
    },
  },
  {
    title: "no signature",
    good: false,
    count: 100,
    make: () => ({ body: payload(), signature: undefined }),
  },
];

/** Every delivery of every kind, in random order. */
export function plan(): Kind[] {
  const kinds = KINDS.flatMap((kind) => Array.from({ length: kind.count }, () => kind));
  for (let last = kinds.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [kinds[last], kinds[other]] = [kinds[other] as Kind, kinds[last] as Kind];
  }
  return kinds;
}

function signed(key: Uint8Array): { body: Uint8Array<ArrayBuffer>; signature: string } {
  const body = payload();
  return { body, signature: sign(key, body) };
}
