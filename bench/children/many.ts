/**
 * A process that has so many secrets of a pool alive, and opens windows when asked to: see
 * bench/many.ts.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { SecretPool } from "../../mod.ts";
import { collectAll } from "../collect_all.ts";

const BYTES = 32;
/** Secrets that windows are opened on, in turn: for the reason in bench/operations.ts. */
const TURNS = 8;

const count = Number(process.argv[2]);

async function residentBytes(): Promise<number> {
  await collectAll();
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;
}

const touch = (bytes: Uint8Array): number => bytes[0] as number;
let sink = 0;

const pool = new SecretPool({ onPressure: "seal" });
// The list is the caller's own.
const secrets = new Array(count).fill(undefined);
for (let index = 0; index < 3000; index++) pool.random(BYTES).close();
const before = await residentBytes();
for (let index = 0; index < count; index++) secrets[index] = pool.random(BYTES);
const after = await residentBytes();
const mappings = readFileSync("/proc/self/maps", "utf8").trimEnd().split("\n").length;

const step = Math.max(1, Math.floor(count / TURNS));
const chosen = Array.from({ length: Math.min(TURNS, count) }, (_, turn) => secrets[turn * step]);
let turn = 0;
function loop(rounds: number): number {
  const secret = chosen[turn++ % chosen.length];
  const start = performance.now();
  for (let round = 0; round < rounds; round++) sink = secret.withBytes(touch);
  return (performance.now() - start) * 1e6 / rounds;
}
for (let warm = 0; warm < 40; warm++) loop(500);

console.log(JSON.stringify({ bytesEach: (after - before) / count, mappings }));
for await (const line of createInterface({ input: process.stdin })) {
  // This process has just been woken.
  loop(200);
  console.log(loop(Number(line)));
}
process.exit(sink < 0 ? 1 : 0);
