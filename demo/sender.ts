/**
 * The second process: signs deliveries with the key of the key file, sends them, and writes
 * what was answered, by kind, as JSON.
 *
 *     sender.ts <port> <path of the key file>
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { type Kind, KINDS, plan } from "./deliveries.ts";
import { HEADER } from "./signature.ts";

/** What the sender writes. */
export interface Sent {
  readonly seconds: number;
  /** In the order of `KINDS`. */
  readonly kinds: readonly { sent: number; accepted: number; rejected: number }[];
}

const CONNECTIONS = 16;
const SECONDS_MAX = 8;

const [port, keyFile] = process.argv.slice(2) as [string, string];
const url = `http://127.0.0.1:${port}/webhook`;
// A sender could keep its key in a secret too. This one ends within seconds.
const key = readFileSync(keyFile);
const queue = plan();
const answers = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]));

async function deliver(kind: Kind): Promise<void> {
  const { body, signature } = kind.make(key);
  const headers = new Headers({ "content-type": "application/json" });
  if (signature !== undefined) headers.set(HEADER, signature);
  const response = await fetch(url, { method: "POST", headers, body });
  // Read to its end, or the connection is not used again.
  await response.arrayBuffer();
  answers.get(kind)?.push(response.status);
}

const start = performance.now();
const deadline = start + SECONDS_MAX * 1000;

async function connection(): Promise<void> {
  while (performance.now() < deadline) {
    const kind = queue.pop();
    if (kind === undefined) return;
    await deliver(kind);
  }
}

await Promise.all(Array.from({ length: CONNECTIONS }, connection));

const seconds = (performance.now() - start) / 1000;
const kinds = KINDS.map((kind) => {
  const statuses = answers.get(kind) ?? [];
  const accepted = statuses.filter((status) => status === 204).length;
  const rejected = statuses.filter((status) => status === 401).length;
  return { sent: statuses.length, accepted, rejected };
});
console.log(JSON.stringify({ seconds, kinds } satisfies Sent));
// Connections that are kept alive would keep the process alive too.
process.exit();
