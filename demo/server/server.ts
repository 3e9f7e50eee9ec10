/**
 * An HTTP server for the receiver: that of the runtime, in the runtime's own way.
 *
 * @module
 */
import { RUNTIME } from "../runtime.ts";

/** Decides on the raw body and the signature of a request; gives the status to answer with. */
export type Receive = (body: Uint8Array, signature: string | null) => number;

/** A running server. */
export interface Server {
  readonly port: number;
  stop(): void;
}

/** Before the signature is checked the sender may be anyone: more than this is not read. */
export const BODY_BYTES_MAX = 1 << 20;

/** Serves on 127.0.0.1, on a free port. */
export async function serve(receive: Receive): Promise<Server> {
  const { serve } = await {
    bun: () => import("./bun.ts"),
    deno: () => import("./deno.ts"),
    node: () => import("./node.ts"),
  }[RUNTIME]();
  return serve(receive);
}
