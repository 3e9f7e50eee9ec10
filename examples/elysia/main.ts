/**
 * An API on Elysia whose callers show a token, which is compared in native code:
 *
 *     API_TOKEN_FILE=/run/secrets/api.token PORT=8000 bun examples/elysia/main.ts
 *
 * Copies of the token that are still made: none of the one that is kept. What a caller sends is
 * in the request's headers, a string that cannot be wiped; so is the right one, if a caller has it.
 */
import process from "node:process";
import { Elysia } from "elysia";
import { Secret } from "@securememory/core";

const file = process.env.API_TOKEN_FILE;
if (file === undefined) throw new TypeError("Cannot start: API_TOKEN_FILE names no file");
const token = Secret.fromFile(file, { trimNewline: true, label: "API token" });
const encoder = new TextEncoder();

/** True for `Bearer <token>`, in a time that says nothing of the token but its length. */
function isAuthorized(header = ""): boolean {
  const [, presented = ""] = /^Bearer ([\x21-\x7e]+)$/i.exec(header) ?? [];
  return token.equals(encoder.encode(presented));
}

/** Guards the routes of whatever uses it. */
const bearer = new Elysia({ name: "bearer" }).macro({
  authorized: {
    beforeHandle({ headers, status, set }) {
      if (isAuthorized(headers.authorization)) return;
      set.headers["www-authenticate"] = "Bearer";
      return status(401, "Unauthorized");
    },
  },
});

const app = new Elysia()
  .use(bearer)
  .get("/health", () => "ok")
  .get("/orders", () => [{ id: 1 }], { authorized: true })
  .onStop(() => token.close())
  .listen({ hostname: "127.0.0.1", port: Number(process.env.PORT ?? 8000) });

console.log(`Listening on http://127.0.0.1:${app.server?.port}/`);
process.once("SIGTERM", () => app.stop());
