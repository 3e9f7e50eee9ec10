/**
 * Bodies of webhooks, of the kinds and sizes that real ones have: 0.2 KB to 30 KB.
 *
 * @module
 */
import { randomBytes, randomInt, randomUUID } from "node:crypto";

const hex = (bytes: number) => randomBytes(bytes).toString("hex");
const pick = <T>(from: readonly T[]) => from[randomInt(from.length)] as T;
const now = () => new Date().toISOString();

const PEOPLE = ["Ada Lovelace", "Zoë Müller", "José Núñez", "李小龍", "Grace Hopper"] as const;
const SUBJECTS = [
  "Fix the order in which migrations run",
  "Größe der Warteschlange begrenzen",
  "Add retries with jitter to the billing client 🎲",
  "Remove a flag that nobody has set since March",
] as const;

function ping(): object {
  return {
    type: "ping",
    id: randomUUID(),
    zen: "Keep it logically awesome.",
    hook_id: randomInt(1e9),
  };
}

function payment(): object {
  const amount = randomInt(50, 1_000_000);
  return {
    id: `evt_${hex(12)}`,
    type: "payment_intent.succeeded",
    created: Math.floor(Date.now() / 1000),
    livemode: true,
    data: {
      object: {
        id: `pi_${hex(12)}`,
        amount,
        amount_received: amount,
        currency: pick(["eur", "usd", "jpy"]),
        customer: `cus_${hex(7)}`,
        description: `Order ${randomInt(1e6)}`,
        metadata: { order: randomUUID(), note: "Bitte klingeln – 2. Stock" },
        payment_method_types: ["card", "sepa_debit"],
        status: "succeeded",
      },
    },
    request: { id: `req_${hex(7)}`, idempotency_key: randomUUID() },
  };
}

function push(): object {
  const commit = () => ({
    id: hex(20),
    tree_id: hex(20),
    message: pick(SUBJECTS),
    timestamp: now(),
    url: `https://git.example/shop/backend/commit/${hex(20)}`,
    author: { name: pick(PEOPLE), email: "dev@shop.example", username: "dev" },
    added: [],
    removed: [],
    modified: [`src/${hex(4)}.ts`, `tests/${hex(4)}_test.ts`],
  });
  // Most pushes are small, a few are not.
  const commits = Array.from({ length: pick([1, 1, 1, 2, 2, 3, 5, 60]) }, commit);
  return {
    type: "push",
    ref: "refs/heads/main",
    before: hex(20),
    after: commits.at(-1)?.id,
    repository: { id: randomInt(1e9), full_name: "shop/backend", private: true },
    pusher: { name: pick(PEOPLE), email: "dev@shop.example" },
    commits,
  };
}

/** A new body, as the bytes that are signed and sent. */
export function payload(): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(pick([ping, payment, push])()));
}
