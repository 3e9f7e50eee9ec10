/**
 * Keeps a Worker's messages while our modules wait for an import. Deno delivers them even then,
 * when the program that imported us has not run yet, and so to nobody.
 *
 * @module
 */

/** A message of the thread that started the Worker. */
interface Message {
  readonly data: unknown;
  readonly ports: readonly unknown[];
  stopImmediatePropagation(): void;
}

/** A Worker's global scope, as far as it is used here. */
interface Scope {
  addEventListener(type: "message", listener: (message: Message) => void): void;
  removeEventListener(type: "message", listener: (message: Message) => void): void;
  dispatchEvent(message: Message): void;
  readonly MessageEvent: new (
    type: "message",
    content: { data: unknown; ports: unknown[] },
  ) => Message;
}

/** Calls `work`; messages that come meanwhile are delivered once the importing modules ran. */
export async function holdingMessages<T>(work: () => Promise<T>): Promise<T> {
  const scope = globalThis as unknown as Scope;
  const held: Message[] = [];
  const hold = (message: Message) => {
    message.stopImmediatePropagation();
    held.push(message);
  };
  scope.addEventListener("message", hold);
  try {
    return await work();
  } finally {
    // Who waited for us runs next; a timer comes after that, and before nothing that came later.
    setTimeout(() => {
      scope.removeEventListener("message", hold);
      for (const { data, ports } of held) {
        scope.dispatchEvent(new scope.MessageEvent("message", { data, ports: [...ports] }));
      }
    });
  }
}
