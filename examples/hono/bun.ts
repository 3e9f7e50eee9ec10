/**
 * The app on Bun:
 *
 *     WEBHOOK_KEY=... COOKIE_KEY=... PORT=8000 bun examples/hono/bun.ts
 *
 * Copies of the keys that are still made: Bun copies the environment when it starts, before any
 * code of yours. A file leaves none: `Secret.fromFile("/run/secrets/webhook.key")`.
 */
import process from "node:process";
import { Secret } from "@securememory/core";
import { createApp } from "./app.ts";

const webhookKey = Secret.fromEnv("WEBHOOK_KEY", { scrub: true, label: "webhook key" });
const cookieKey = Secret.fromEnv("COOKIE_KEY", { scrub: true, label: "cookie key" });
const app = createApp(webhookKey, cookieKey);

export default {
  hostname: "127.0.0.1",
  port: Number(process.env.PORT ?? 8000),
  fetch: app.fetch,
};
