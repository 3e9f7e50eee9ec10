/**
 * The app on Node 26:
 *
 *     WEBHOOK_KEY=... COOKIE_KEY=... PORT=8000 node examples/hono/node.ts
 *
 * Copies of the keys that are still made: none. They go from the environment to their pages in
 * native code, and are scrubbed from it.
 */
import process from "node:process";
import { serve } from "@hono/node-server";
import { Secret } from "@securememory/core";
import { createApp } from "./app.ts";

const webhookKey = Secret.fromEnv("WEBHOOK_KEY", { scrub: true, label: "webhook key" });
const cookieKey = Secret.fromEnv("COOKIE_KEY", { scrub: true, label: "cookie key" });
const app = createApp(webhookKey, cookieKey);

const port = Number(process.env.PORT ?? 8000);
serve({ fetch: app.fetch, hostname: "127.0.0.1", port }, (address) => {
  console.log(`Listening on http://127.0.0.1:${address.port}/`);
});
