/**
 * examples/elysia: who shows the token gets in, and nobody else.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { withoutWay } from "../proof/support/tracing.ts";
import { patience } from "../support/child.ts";
import { withFolder } from "../support/native.ts";
import { CONTROL, copiesIn } from "./support/copies.ts";
import { commandOf } from "./support/runtimes.ts";
import { serve } from "./support/server.ts";

const LIMIT = { timeout: patience(60_000) };

describe("examples/elysia", () => {
  it(
    "checks bearer tokens on bun",
    LIMIT,
    () =>
      withFolder(async (folder) => {
        const token = randomBytes(24).toString("base64url");
        const file = join(folder, "api.token");
        writeFileSync(file, `${token}\n`, { mode: 0o600 });
        const env = { API_TOKEN_FILE: file };
        await using server = await serve(commandOf("bun", "examples/elysia/main.ts"), { env });
        const get = (path: string, authorization?: string) =>
          fetch(server.url + path, {
            headers: new Headers(
              authorization === undefined ? [] : [["Authorization", authorization]],
            ),
          });

        assert.equal((await get("/health")).status, 200);
        const orders = await get("/orders", `Bearer ${token}`);
        assert.deepEqual([orders.status, await orders.json()], [200, [{ id: 1 }]]);
        assert.equal((await get("/orders", `bearer ${token}`)).status, 200, "RFC 9110: no case");

        const flipped = token.replace(/^./, (first) => first === "A" ? "B" : "A");
        const wrong = [
          ...[undefined, "", "Bearer", "Bearer ", `Bearer ${flipped}`, `Bearer ${token}x`],
          ...[`Bearer ${token.slice(1)}`, `Basic ${token}`, token, `Bearer ${token} ${token}`],
        ];
        for (const authorization of wrong) {
          const response = await get("/orders", authorization);
          assert.equal(response.status, 401, `${authorization}`);
          assert.equal(response.headers.get("www-authenticate"), "Bearer");
          assert.equal(await response.text(), "Unauthorized");
        }
        assert.ok(!server.printed().includes(token));
        assert.equal(await server.stop(), 0, server.printed());
      }),
  );

  it(
    "keeps no copy of the token",
    { ...LIMIT, skip: withoutWay("mem") },
    () =>
      withFolder(async (folder) => {
        const token = randomBytes(24).toString("base64url");
        const file = join(folder, "api.token");
        writeFileSync(file, `${token}\n`, { mode: 0o600 });
        const env = { API_TOKEN_FILE: file, ...CONTROL };
        await using server = await serve(commandOf("bun", "examples/elysia/main.ts"), { env });
        const headers = { authorization: `Bearer ${token.toUpperCase()}` };
        assert.equal((await fetch(`${server.url}/orders`, { headers })).status, 401);
        assert.equal(copiesIn(server, token), 0);
      }),
  );
});
