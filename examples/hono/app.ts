/**
 * Webhooks that are verified, and cookies that are signed, with keys that JavaScript never
 * sees. One app for Bun, Deno, Node and Workers; an entry for each is beside it.
 *
 * Webhooks are signed as Stripe's are: `t=<seconds>,v1=<hex of HMAC-SHA-256 over "t.body">`.
 * (GitHub's X-Hub-Signature-256 is the same over the body alone, which says nothing of time.)
 *
 * Copies of the keys that are still made: none here, the native code uses them where they are.
 * The MAC of a cookie is handed out, as it has to be; that of a webhook never is.
 */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { getCookie, setCookie } from "hono/cookie";
import type { Hash } from "@securememory/core";

/** What the app does with a key: secrets of both `@securememory/core` and its `/edge` have that. */
export interface Key {
  hmac(hash: Hash, data: string): Uint8Array;
  verifyHmac(hash: Hash, data: string, mac: Uint8Array): boolean;
}

const TOLERANCE_SECONDS = 300;
const SESSION_SECONDS = 3600;

export function createApp(webhookKey: Key, cookieKey: Key): Hono {
  const app = new Hono();
  const seen = new Map<string, number>();

  app.post("/webhook", bodyLimit({ maxSize: 1 << 16 }), async (c) => {
    const header = c.req.header("Stripe-Signature") ?? "";
    const [, time = "", hex = ""] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header) ?? [];
    const body = await c.req.text();
    const mac = Uint8Array.fromHex(hex); // empty if the header is not one: not authentic
    if (!webhookKey.verifyHmac("SHA-256", `${time}.${body}`, mac)) return c.text("Forged", 401);
    const now = Date.now() / 1000;
    if (Math.abs(now - Number(time)) > TOLERANCE_SECONDS) return c.text("Too old", 401);
    if (!isNew(seen, hex, now)) return c.text("Replayed", 409);
    return c.text("Accepted");
  });

  app.post("/login/:user", (c) => {
    const until = Math.floor(Date.now() / 1000) + SESSION_SECONDS;
    writeSigned(c, cookieKey, "session", `${c.req.param("user")}.${until}`);
    return c.text("Welcome");
  });

  app.get("/me", (c) => {
    const [, user, until] = /^(.*)\.(\d+)$/.exec(readSigned(c, cookieKey, "session") ?? "") ?? [];
    if (user === undefined || Number(until) < Date.now() / 1000) return c.text("Log in", 401);
    return c.text(user);
  });

  return app;
}

/** Several processes need a store that they share, such as Redis or a Durable Object. */
function isNew(seen: Map<string, number>, id: string, now: number): boolean {
  for (const [old, time] of seen) {
    // What is older by twice the tolerance is refused for its time.
    if (now - time <= 2 * TOLERANCE_SECONDS) break;
    seen.delete(old);
  }
  if (seen.has(id)) return false;
  seen.set(id, now);
  return true;
}

/** The name is signed too: a value of one cookie must not do for another. */
function writeSigned(c: Context, key: Key, name: string, value: string): void {
  const mac = key.hmac("SHA-256", `${name}=${value}`).toHex();
  setCookie(c, name, `${value}.${mac}`, { httpOnly: true, secure: true, sameSite: "Lax" });
}

function readSigned(c: Context, key: Key, name: string): string | undefined {
  const [, value, hex] = /^(.*)\.([0-9a-f]{64})$/.exec(getCookie(c, name) ?? "") ?? [];
  if (value === undefined || hex === undefined) return undefined;
  const authentic = key.verifyHmac("SHA-256", `${name}=${value}`, Uint8Array.fromHex(hex));
  return authentic ? value : undefined;
}
