/**
 * A PostgreSQL server of a test's own: on loopback, in a temporary folder, and with passwords
 * by SCRAM-SHA-256 only.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { patience } from "../../support/child.ts";
import { withFolder } from "../../support/native.ts";
import { unless } from "../../support/skip.ts";
import { asUser, CHILD_UID, withoutUser } from "../../support/unprivileged.ts";
import { outputOf, start } from "./runtimes.ts";

interface Script {
  readonly Unavailable: new (message: string) => Error;
  readonly findPostgres: () => string;
}

const script: Script = await import(
  new URL("../../../scripts/examples/postgres.mjs", import.meta.url).href
);

/** The folder of its programs, or why there is none. */
function find(): { readonly skip: string | false; readonly bin: string } {
  if (process.platform !== "linux") {
    return { skip: unless("postgres", false, "the server is started on Linux only"), bin: "" };
  }
  try {
    const bin = script.findPostgres();
    // Root may not run it.
    return {
      skip: withoutUser || unless("postgres", isReadable(bin), `${bin}: for root only`),
      bin,
    };
  } catch (error) {
    if (!(error instanceof script.Unavailable)) throw error;
    return { skip: unless("postgres", false, error.message), bin: "" };
  }
}

function isReadable(bin: string): boolean {
  try {
    execFileSync("/usr/bin/env", [...asUser, join(bin, "postgres"), "--version"], {
      stdio: "ignore",
    });
    return true;
  } catch {
    return false;
  }
}

const { skip, bin } = find();

/** The option `skip` of a test that needs a server. */
export const withoutPostgres: string | false = skip;

/** A server. */
export interface Postgres {
  readonly port: number;
  /** What it has logged so far. */
  log(): string;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Runs a server for as long as `use` takes, with one user, who is its owner. */
export function withPostgres(
  user: string,
  password: string,
  use: (server: Postgres) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    chmodSync(folder, 0o711);
    const data = join(folder, "data");
    const passwordFile = join(folder, "initial.password");
    writeFileSync(passwordFile, password, { mode: 0o600 });
    mkdirSync(data, { mode: 0o700 });
    if (CHILD_UID !== process.getuid?.()) {
      for (const path of [data, passwordFile]) chownSync(path, CHILD_UID, CHILD_UID);
    }
    const env = { ...process.env, LC_ALL: "C", HOME: folder };
    const port = await freePort();
    execFileSync("/usr/bin/env", [
      ...[...asUser, join(bin, "initdb"), "--pgdata", data, "--username", user],
      ...["--auth=scram-sha-256", "--pwfile", passwordFile, "--encoding=UTF8", "--locale=C"],
      ...["--no-sync", "--no-instructions"],
    ], { env, stdio: ["ignore", "ignore", "inherit"] });
    const settings = {
      port,
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      dynamic_shared_memory_type: "mmap",
      fsync: "off",
      jit: "off",
      log_connections: "on",
      timezone: "GMT",
      log_timezone: "GMT",
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const server = start(["/usr/bin/env", ...asUser, join(bin, "postgres"), "-D", data, ...flags], {
      env: { LC_ALL: "C", HOME: folder },
    });
    const output = outputOf(server);
    const log = () => output.stdout + output.stderr;
    const ended = new Promise((resolve) => server.once("close", resolve));
    try {
      const started = Date.now();
      while (!log().includes("ready to accept connections")) {
        assert.ok(server.exitCode === null && Date.now() - started < patience(30_000), log());
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await use({ port, log });
    } finally {
      // "Fast": it ends connections, and does not wait for them.
      server.kill("SIGINT");
      await ended;
    }
  });
}
