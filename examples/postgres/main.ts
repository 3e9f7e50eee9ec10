/**
 * A database password from a file, for a real PostgreSQL client. systemd's LoadCredential= and
 * Kubernetes' secret volumes put it in a file like that. On Bun, on Deno, on Node 26:
 *
 *     export PGHOST=localhost PGUSER=app PGDATABASE=app PGPASSWORD_FILE=/run/secrets/db.password
 *     bun examples/postgres/main.ts
 *     deno run --allow-ffi --allow-net --allow-env --allow-read examples/postgres/main.ts
 *     node examples/postgres/main.ts
 *
 * Copies of the password that are still made, by each new connection: SCRAM-SHA-256 as the client
 * does it needs a string, which cannot be wiped, and stays until it is collected and overwritten;
 * PBKDF2 copies that into buffers of its own. What there is not: the password in the options of
 * the client for as long as that lives, in the environment, or in a log.
 */
import process from "node:process";
import postgres from "postgres";
import { Secret } from "@securememory/core";

const file = process.env.PGPASSWORD_FILE;
if (file === undefined) throw new TypeError("Cannot start: PGPASSWORD_FILE names no file");
using password = Secret.fromFile(file, { trimNewline: true, label: "database password" });

const sql = postgres({
  // Called for each connection, and at no other time.
  password: () => password.withBytes((bytes) => new TextDecoder().decode(bytes)),
  // Connections that last make fewer strings.
  max: 2,
  max_lifetime: null,
});

const [row] = await sql`select current_user as name, version() as version`;
console.log(`Connected as ${row?.name} to ${row?.version}`);
await sql.end();
