/**
 * examples/postgres: the password of a file lets the client in, on every runtime.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { patience } from "../support/child.ts";
import { withFolder } from "../support/native.ts";
import { withoutPostgres, withPostgres } from "./support/postgres.ts";
import { run, RUNTIMES } from "./support/runtimes.ts";

const PATH = "examples/postgres/main.ts";

const LIMITS = { skip: withoutPostgres, timeout: patience(120_000) };

describe("examples/postgres", () => {
  it(
    `connects on ${RUNTIMES.join(", ")}, and not with another password`,
    LIMITS,
    () =>
      withFolder((folder) => {
        const password = randomBytes(18).toString("base64");
        return withPostgres("app", password, async (server) => {
          const env = {
            PGHOST: "127.0.0.1",
            PGPORT: `${server.port}`,
            PGUSER: "app",
            PGDATABASE: "postgres",
            PGPASSWORD: "",
          };
          const runWith = async (runtime: typeof RUNTIMES[number], content: string) => {
            const file = join(folder, "db.password");
            writeFileSync(file, content, { mode: 0o600 });
            const ended = await run(runtime, PATH, { env: { ...env, PGPASSWORD_FILE: file } });
            assert.ok(!(ended.stdout + ended.stderr).includes(password));
            return ended;
          };
          const authenticated = () => server.log().match(/method=scram-sha-256/g)?.length ?? 0;
          for (const [index, runtime] of RUNTIMES.entries()) {
            const { status, stdout, stderr } = await runWith(runtime, `${password}\n`);
            assert.equal(status, 0, `${runtime}: ${stderr}`);
            assert.match(stdout, /^Connected as app to PostgreSQL \d+/);
            assert.equal(authenticated(), index + 1, server.log());

            const refused = await runWith(runtime, `${password}x\n`);
            assert.notEqual(refused.status, 0, runtime);
            assert.match(refused.stdout + refused.stderr, /password authentication failed/);
            assert.equal(authenticated(), index + 1);
          }
        });
      }),
  );
});
