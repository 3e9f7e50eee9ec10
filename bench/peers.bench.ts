/**
 * Builds the peers in Go and measures them by themselves:
 *
 *     node bench/peers.bench.ts [--quick]
 *
 * Without Go, or without its module proxy, they count as skipped.
 *
 * @module
 */
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Deno } from "./deno.ts";
import { machine, type Report, type Row } from "./report.ts";

const FOLDER = fileURLToPath(new URL("./peers/go/", import.meta.url));
const PROGRAM = fileURLToPath(new URL("./peers/bin/peers", import.meta.url));
const RESULTS = fileURLToPath(new URL("./results/", import.meta.url));
const NAME = "Go: memguard, Asherah";

/** Go from PATH, or from where its own installer puts it. */
const go = ["go", "/usr/local/go/bin/go"].find((program) =>
  spawnSync(program, ["version"]).status === 0
);

/** What a program printed, or throws with what it complained about. */
function outputOf({ status, stdout, stderr, error }: SpawnSyncReturns<string>): string {
  if (status === 0) return stdout;
  throw new Error(
    error?.message ?? (stderr.trim().split("\n").at(-1) || `it ended with ${status}`),
  );
}

function build(): void {
  // What an earlier run has built may be out of date.
  rmSync(PROGRAM, { force: true });
  if (go === undefined) throw new Error("there is no Go");
  const options = { cwd: FOLDER, encoding: "utf8" } as const;
  outputOf(spawnSync(go, ["build", "-mod=readonly", "-o", PROGRAM, "."], options));
  if (!existsSync(PROGRAM)) throw new Error("Go has built nothing");
}

function measure(): Pick<Report, "version" | "rows" | "skipped"> {
  try {
    build();
    const printed = outputOf(spawnSync(PROGRAM, Deno.args, { encoding: "utf8" }));
    const { version, rows } = JSON.parse(printed) as { version: string; rows: Row[] };
    return { version, rows, skipped: [] };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { version: "none", rows: [], skipped: [{ what: NAME, why }] };
  }
}

const report: Report = {
  subject: "peers",
  date: new Date().toISOString(),
  quick: Deno.args.includes("--quick"),
  machine: machine(),
  ...measure(),
};
Deno.mkdirSync(RESULTS, { recursive: true });
Deno.writeTextFileSync(`${RESULTS}peers.json`, `${JSON.stringify(report, undefined, 2)}\n`);
