/**
 * node:http.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { HEADER } from "../signature.ts";
import { BODY_BYTES_MAX, type Receive, type Server } from "./server.ts";

export async function serve(receive: Receive): Promise<Server> {
  const server = createServer(async (request, response) => {
    try {
      response.writeHead(await answer(request, receive)).end();
    } catch {
      // The sender went away, or the receiver threw: without this the process would end.
      response.destroy();
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(request: IncomingMessage, receive: Receive): Promise<number> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > BODY_BYTES_MAX) return 413;
    chunks.push(chunk);
  }
  const signature = request.headers[HEADER];
  return receive(Buffer.concat(chunks), typeof signature === "string" ? signature : null);
}
