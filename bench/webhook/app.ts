/**
 * The webhook route of GitHub's scheme: with the key in a secret, with the key in a string, as
 * most have it, and with that and a window on a secret that nobody looks into: what opening and
 * closing a page costs in this server, by itself.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { type Context, Hono } from "hono";
import type { Secret } from "../../mod.ts";

/** The routes `/secret`, `/string` and `/window`. */
export function createApp(secret: Secret, text: string): Hono {
  const hasMac = (body: Uint8Array, mac: Uint8Array): boolean => {
    const wanted = createHmac("sha256", text).update(body).digest();
    return wanted.length === mac.length && timingSafeEqual(wanted, mac);
  };
  return new Hono()
    .post("/secret", (c) => receive(c, (body, mac) => secret.verifyHmac("SHA-256", body, mac)))
    .post("/string", (c) => receive(c, hasMac))
    .post(
      "/window",
      (c) =>
        receive(c, (body, mac) => secret.withBytes((key) => key.length > 0) && hasMac(body, mac)),
    );
}

async function receive(
  c: Context,
  isAuthentic: (body: Uint8Array, mac: Uint8Array) => boolean,
): Promise<Response> {
  const header = c.req.header("X-Hub-Signature-256") ?? "";
  const body = new Uint8Array(await c.req.arrayBuffer());
  const mac = Buffer.from(header.replace(/^sha256=/, ""), "hex");
  return isAuthentic(body, mac) ? c.text("Accepted") : c.text("Forged", 401);
}
