/**
 * Deno.serve.
 *
 * @module
 */
import { HEADER } from "../signature.ts";
import { BODY_BYTES_MAX, type Receive, type Server } from "./server.ts";

/** The part of Deno's types that is used here, for tools that have others. */
declare const Deno: {
  serve(
    options: { hostname: string; port: number; signal: AbortSignal; onListen(): void },
    handler: (request: Request) => Promise<Response>,
  ): { addr: { port: number } };
};

export function serve(receive: Receive): Server {
  const stopping = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    signal: stopping.signal,
    // Without this it prints where it listens.
    onListen() {},
  }, async (request) => {
    const length = request.headers.get("content-length");
    if (length === null) return new Response(null, { status: 411 });
    if (Number(length) > BODY_BYTES_MAX) return new Response(null, { status: 413 });
    const status = receive(await request.bytes(), request.headers.get(HEADER));
    return new Response(null, { status });
  });
  return { port: server.addr.port, stop: () => stopping.abort() };
}
