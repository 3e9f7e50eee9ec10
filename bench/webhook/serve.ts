/**
 * Serves the two routes on a free port of loopback, and prints it. The key is on the command
 * line, since both routes have the same one; nobody should do that.
 *
 * @module
 */
import process from "node:process";
import { Secret } from "../../mod.ts";
import { createApp } from "./app.ts";

type Fetch = (request: Request) => Response | Promise<Response>;

/** The parts of the runtimes' types that are used here, for tools that have others. */
interface Globals {
  readonly Bun?: {
    serve(options: { hostname: string; port: number; fetch: Fetch }): { port: number };
  };
  readonly Deno?: {
    serve(
      options: { hostname: string; port: number; onListen(): void },
      fetch: Fetch,
    ): { addr: { port: number } };
  };
}

const hostname = "127.0.0.1";

async function listen(fetch: Fetch): Promise<number> {
  const { Bun, Deno } = globalThis as Globals;
  if (Bun !== undefined) return Bun.serve({ hostname, port: 0, fetch }).port;
  if (Deno !== undefined) return Deno.serve({ hostname, port: 0, onListen() {} }, fetch).addr.port;
  const { serve } = await import("@hono/node-server");
  return await new Promise((resolve) => {
    serve({ fetch, hostname, port: 0 }, ({ port }) => resolve(port));
  });
}

const [key = ""] = process.argv.slice(2);
const app = createApp(Secret.fromString(key), key);
console.log(`port ${await listen(app.fetch)}`);
