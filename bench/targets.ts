/**
 * What the library wants to reach. Measured on whatever machine this runs on, so a miss
 * is a line in a table and never a failure.
 *
 * @module
 */
import { AES_GCM, COLD_HMAC, CREATE_HMAC, WARM_HMAC_LIMITS } from "./keyed.ts";
import { ALONE, COUNTS, nameOf as nameOfMany } from "./many.ts";
import { OWN_PAGE, WINDOW } from "./references.ts";
import type { Report, Row } from "./report.ts";
import { nameOf as nameOfWorkers, ONE } from "./workers.ts";

/** One line of the table of targets. */
export interface Verdict {
  readonly target: string;
  readonly runtime: string;
  readonly measured: number;
  readonly limit: number;
  readonly unit: string;
  readonly reached: boolean;
}

type Subject = "bun" | "deno" | "node";
type Limits = Readonly<Record<Subject, number>>;

const FLOOR_LIMITS: Limits = { bun: 1.2, deno: 1.25, node: 1.35 };
const NESTED_LIMITS_NS: Limits = { bun: 12, deno: 20, node: 25 };
const PKEY_LIMITS: Limits = { bun: 0.1, deno: 0.14, node: 0.2 };
const FIRST_SECRET_LIMIT_MS = 10;

/** All that can be said of one runtime's report. */
export function verdicts(report: Report): Verdict[] {
  const subject = report.subject as Subject;
  const row = (name: string) => report.rows.find((row) => row.name === name && row.bytes === 32);
  const found: Verdict[] = [];
  const say = (target: string, measured: number | undefined, limit: number, unit: string) => {
    if (measured === undefined) return;
    found.push({ target, runtime: subject, measured, limit, unit, reached: measured <= limit });
  };

  const cold = row("cold window");
  const life = row("create and close");
  const nested = row("nested window");
  say("cold window, to the floor", cold?.ratios.floor, FLOOR_LIMITS[subject], "×");
  say("cold window, to Asherah", cold?.ratios["Asherah"], 0.85, "×");
  say("nested window", nested?.p50, nestedLimit(nested, NESTED_LIMITS_NS[subject]), "ns");
  say("create and close, to Asherah", life?.ratios["Asherah"], 0.5, "×");
  say("create and close, to memguard", life?.ratios.memguard, 0.25, "×");
  say("create and close, to sodium-native", life?.ratios["sodium-native"], 0.7, "×");
  say(
    "cold window on secretmem, to locked",
    row("cold window on secretmem")?.ratios.locked,
    1.05,
    "×",
  );
  const lives = row("create and close on secretmem");
  say("create and close on secretmem, to locked", lives?.ratios.locked, 1.1, "×");
  const keyed = row("cold window under pkey");
  say("cold window under pkey, to the floor", keyed?.ratios.floor, PKEY_LIMITS[subject], "×");
  const nestedKeyed = row("nested window under pkey");
  say("nested window under pkey", nestedKeyed?.p50, NESTED_LIMITS_NS[subject], "ns");
  const [bare, loaded] = [row("cold window, nothing else on"), row("cold window, all on")];
  if (bare?.ratios.floor !== undefined && loaded?.ratios.floor !== undefined) {
    const more = loaded.ratios.floor / bare.ratios.floor;
    say("window with handler, quarantine, status, to without", more, 1.05, "×");
  }
  for (const [size, limit] of Object.entries(WARM_HMAC_LIMITS)) {
    const warm = row(`hmac ${size}, warm`)?.ratios[CREATE_HMAC];
    say(`hmac of ${size}, warm, to createHmac`, warm, limit, "×");
    const cold = row(`hmac ${size}, cold`)?.ratios[COLD_HMAC];
    say(`hmac of ${size}, cold, to that limit and 1.15 floors`, cold, 1, "×");
  }
  say("encrypt 4 KiB, to AES-256-GCM", row("encrypt 4 KiB, warm")?.ratios[AES_GCM], 1.5, "×");
  scale(row, say);
  const { pageBytes } = report.machine;
  say("locked memory per secret", row("locked memory per secret")?.p50, pageBytes, "bytes");
  say("first secret", row("first secret")?.p50, FIRST_SECRET_LIMIT_MS, "ms");
  return found;
}

type FindRow = (name: string) => Row | undefined;
type Say = (target: string, measured: number | undefined, limit: number, unit: string) => void;

/** Pools, enclaves and many secrets. */
function scale(row: FindRow, say: Say): void {
  const life = row("create and close in a sealing pool")?.ratios;
  say("create and close in a sealing pool, to memguard", life?.memguard, 0.05, "×");
  say("create and close in a sealing pool, to Asherah", life?.["Asherah"], 0.08, "×");
  say("create and close in a sealing pool, to sodium-native", life?.["sodium-native"], 0.1, "×");
  const pooled = row("window on a pool's secret")?.ratios[OWN_PAGE];
  say("window on a pool's secret, to one with its own page", pooled, 1.1, "×");
  const cold = row("enclave, cold")?.ratios;
  say("enclave, cold, to memguard's open and destroy", cold?.memguard, 0.03, "×");
  say("enclave, cold, beyond a window, to the floor", beyond(cold), 0.5, "×");
  say("enclave, hot, to a window", row("enclave, hot")?.ratios[WINDOW], 1.15, "×");
  for (const count of COUNTS.slice(1)) {
    const name = nameOfMany(count);
    say(`${name}, to one`, row(name)?.ratios[ALONE], 1.2, "×");
  }
  const many = (COUNTS[COUNTS.length - 1] as number).toLocaleString("en-US");
  const resident = `resident memory per secret of ${many}`;
  say(resident, row(resident)?.p50, 256, "bytes");
  const mappings = `mappings with ${many} secrets`;
  say(mappings, row(mappings)?.p50, 1000, "mappings");
  // Under mprotect the kernel's lock on the mappings of a process decides: what it leaves to the
  // bare calls in as many threads is left to windows as well.
  const four = row(nameOfWorkers("own", 4));
  const bare = row(nameOfWorkers("floor", 4));
  const [ours, theirs] = [four?.ratios[ONE], bare?.ratios[ONE]];
  if (ours === undefined || theirs === undefined) return;
  say(
    "4 Workers on own secrets to one, to bare calls in 4 threads to one",
    ours / theirs,
    1.25,
    "×",
  );
}

/** What something takes beyond a window, in floors. */
function beyond(ratios: Row["ratios"] | undefined): number | undefined {
  const [toFloor, toWindow] = [ratios?.floor, ratios?.[WINDOW]];
  if (toFloor === undefined || toWindow === undefined) return undefined;
  return toFloor - toFloor / toWindow;
}

/** A quarter of what the peer's nested window takes, where that is more. */
function nestedLimit(nested: Row | undefined, limit: number): number {
  const ratio = nested?.ratios["Asherah"];
  if (nested === undefined || ratio === undefined) return limit;
  return Math.max(limit, 0.25 * nested.p50 / ratio);
}
