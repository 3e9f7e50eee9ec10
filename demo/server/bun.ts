/**
 * Bun.serve.
 *
 * @module
 */
import { HEADER } from "../signature.ts";
import { BODY_BYTES_MAX, type Receive, type Server } from "./server.ts";

/** The part of Bun's types that is used here; a project of Bun's has them from @types/bun. */
declare const Bun: {
  serve(options: {
    hostname: string;
    port: number;
    maxRequestBodySize: number;
    fetch(request: Request): Promise<Response>;
  }): { port: number; stop(closeActiveConnections: boolean): Promise<void> };
};

export function serve(receive: Receive): Server {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    maxRequestBodySize: BODY_BYTES_MAX,
    async fetch(request) {
      const status = receive(await request.bytes(), request.headers.get(HEADER));
      return new Response(null, { status });
    },
  });
  return { port: server.port, stop: () => void server.stop(true) };
}
