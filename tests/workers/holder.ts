/**
 * Holds a shared secret and does what it is told, one answer for each message. It is
 * told by `{ do, ticket? }`; it answers with a value or with `{ code }` of an error.
 */
import { parentPort } from "node:worker_threads";
import { Secret, type SharedSecret } from "../../mod.ts";

interface Order {
  readonly do: string;
  readonly ticket?: SharedSecret;
}

let secret: Secret | undefined;
let end = () => {};

function held(): Secret {
  if (secret === undefined) throw new Error("The worker holds no secret");
  return secret;
}

const actions: { readonly [name: string]: (order: Order) => unknown } = {
  attach: ({ ticket }) => {
    secret = Secret.attach(ticket as SharedSecret);
    return [secret.length, `${secret}`];
  },
  read: () => held().withBytes((bytes) => [...bytes]),
  increment: () =>
    held().update((bytes) => {
      for (let index = 0; index < bytes.length; index++) bytes[index]! += 1;
      return [...bytes];
    }),
  readInto: () => {
    const target = new Uint8Array(2);
    return [held().readInto(target, 1), ...target];
  },
  copy: () => {
    using copy = held().copy();
    return copy.equals(held());
  },
  share: () => held().share(),
  // Answers while the window is open; "end" ends it.
  open: () => {
    held().withBytesAsync(() => new Promise<void>((resolve) => end = resolve));
    return held().status().protection;
  },
  end: () => end(),
  isClosed: () => held().isClosed,
  close: () => held().close(),
};

parentPort?.on("message", (order: Order) => {
  try {
    parentPort?.postMessage(actions[order.do]!(order));
  } catch (error) {
    const { code, name } = error as Error & { code?: string };
    parentPort?.postMessage({ code: code ?? name });
  }
});
