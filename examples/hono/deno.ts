/**
 * The app on Deno:
 *
 *     WEBHOOK_KEY=... COOKIE_KEY=... PORT=8000 deno run --allow-ffi --allow-net=127.0.0.1 \
 *       --allow-env=WEBHOOK_KEY,COOKIE_KEY,PORT examples/hono/deno.ts
 *
 * Copies of the keys that are still made: none. They go from the environment to their pages in
 * native code, and are scrubbed from it.
 */
import { Secret } from "@securememory/core";
import { createApp } from "./app.ts";

const webhookKey = Secret.fromEnv("WEBHOOK_KEY", { scrub: true, label: "webhook key" });
const cookieKey = Secret.fromEnv("COOKIE_KEY", { scrub: true, label: "cookie key" });
const app = createApp(webhookKey, cookieKey);

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT") ?? 8000) }, app.fetch);
