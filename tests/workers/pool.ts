/**
 * Attaches to a pool and does what it is told, one answer for each message: a value, or the code of
 * an error.
 */
import { parentPort } from "node:worker_threads";
import { Secret, SecretPool, type SharedPool, type SharedSecret } from "../../mod.ts";

interface Order {
  readonly do: string;
  readonly pool?: SharedPool;
  readonly secret?: SharedSecret;
  readonly text?: string;
  readonly count?: number;
}

let pool: SecretPool | undefined;
const secrets: Secret[] = [];

function attached(): SecretPool {
  if (pool === undefined) throw new Error("The worker has no pool");
  return pool;
}

const actions: { readonly [name: string]: (order: Order) => unknown } = {
  attach: (order) => {
    pool = SecretPool.attach(order.pool as SharedPool);
    return `${pool}`;
  },
  make: ({ text }) => {
    const secret = attached().fromString(text as string);
    secrets.push(secret);
    return secret.share();
  },
  attachSecret: ({ secret }) => {
    const same = Secret.attach(secret as SharedSecret);
    secrets.push(same);
    return attached().withBytes([same], (bytes) => bytes.length);
  },
  many: ({ count }) => {
    for (let index = 0; index < (count as number); index++) {
      const secret = attached().random(32);
      secrets.push(secret);
      secret.withBytes(() => {});
    }
    return count;
  },
  closed: () => [attached().isClosed, secrets.every(({ isClosed }) => isClosed)],
  close: () => attached().close(),
};

parentPort?.on("message", (order: Order) => {
  try {
    parentPort?.postMessage(actions[order.do]!(order));
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    parentPort?.postMessage(code ?? message);
  }
});
