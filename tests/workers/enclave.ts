/**
 * Holds a shared enclave and does what it is told, one answer for each message. It is told by
 * `{ do, ticket? }`; it answers with a value or with `{ code }` of an error.
 */
import process from "node:process";
import { parentPort } from "node:worker_threads";
import { configure, Enclave, rekey, type SharedEnclave, stats } from "../../mod.ts";
import { addressOf } from "../support/memory.ts";

interface Order {
  readonly do: string;
  readonly ticket?: SharedEnclave;
  readonly slots?: number;
  readonly idle?: number;
  readonly timeout?: number;
  readonly store?: "locked";
}

let enclave: Enclave | undefined;
let end = () => {};

function held(): Enclave {
  if (enclave === undefined) throw new Error("The worker holds no enclave");
  return enclave;
}

const actions: { readonly [name: string]: (order: Order) => unknown } = {
  configure: ({ slots, idle, timeout, store }) =>
    configure({ enclaveSlots: slots, enclaveIdle: idle, idleTimeout: timeout, store }),
  attach: ({ ticket }) => {
    enclave = Enclave.attach(ticket as SharedEnclave);
    return [enclave.length, `${enclave}`];
  },
  seal: () => {
    enclave = Enclave.seal(new Uint8Array([5, 6, 7]), { label: "made in the worker" });
    return enclave.share();
  },
  read: () => held().withBytes((bytes) => [...bytes]),
  address: () => held().withBytes(addressOf).toString(),
  open: () => {
    using secret = held().open();
    return secret.withBytes((bytes) => [...bytes]);
  },
  // Answers while the window is open; "end" ends it.
  hold: () => {
    held().withBytesAsync(() => new Promise<void>((resolve) => end = resolve));
    return stats().openWindows;
  },
  end: () => end(),
  isClosed: () => held().isClosed,
  close: () => held().close(),
  rekey: () => rekey(),
  exit: () => process.exit(0),
  /** Uses, makes and closes enclaves as fast as it can. */
  storm: () => {
    let sum = 0;
    for (let round = 0; round < 2000; round++) {
      sum += held().withBytes((bytes) => bytes[0] as number);
      using own = Enclave.seal(new Uint8Array(round % 100 + 1).fill(round));
      const intact = own.withBytes((bytes) => bytes.every((byte) => byte === (round & 255)));
      if (!intact) throw new Error(`Round ${round} read something else`);
      if (round % 100 === 0) rekey();
    }
    return sum;
  },
};

parentPort?.on("message", (order: Order) => {
  try {
    parentPort?.postMessage(actions[order.do]!(order));
  } catch (error) {
    const { code, name, message } = error as Error & { code?: string };
    parentPort?.postMessage({ code: code ?? `${name}: ${message}` });
  }
});
