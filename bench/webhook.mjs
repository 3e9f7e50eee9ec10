/**
 * A webhook under load: a route of Hono with the key in a secret, against the same route with
 * the key in a string and node:crypto, in one server, on loopback:
 *
 *     node bench/webhook.mjs [bun] [deno] [node] [--bytes=1024] [--rounds=11] [--seconds=1] [--json]
 *
 * and against that route with an empty window on a secret besides: what the protection of a page
 * costs here by itself, whatever is done with the key. Prints requests per second, and the ratio
 * of the first to the second: the median of rounds in each of which all ran, in turn first. Wanted
 * is at least 0.90. Never fails because of a number, but
 * because of a request that was not accepted. Takes a minute and a half, on a machine that does
 * nothing else: one core is the server's, and one is wrk's. Where something else runs, the ratio
 * of the server's processor time for a request says more (Linux).
 */
import { spawn, spawnSync } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { command, ROOT } from "../scripts/toolchain.mjs";
import { findWrk } from "../scripts/wrk.mjs";

const WANTED = 0.9;
const ROUTES = ["secret", "string", "window"];
const RUNTIMES = ["bun", "deno", "node"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    bytes: { type: "string", default: "1024" },
    rounds: { type: "string", default: "11" },
    seconds: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
for (const name of positionals) {
  if (RUNTIMES.includes(name)) continue;
  console.error(`webhook: there is no runtime "${name}": ${RUNTIMES.join(", ")}`);
  process.exit(2);
}
const chosen = positionals.length === 0 ? RUNTIMES : positionals;
const [bytes, rounds, seconds] = [values.bytes, values.rounds, values.seconds].map(Number);

const key = randomBytes(32).toString("hex");
const body = Buffer.alloc(bytes, "0123456789abcdef");
const signature = createHmac("sha256", key).update(body).digest("hex");
const folder = mkdtempSync(join(tmpdir(), "securememory-webhook-"));
const bodyFile = join(folder, "body");
writeFileSync(bodyFile, body);
const wrk = findWrk();

/** Starts the server. Resolves to its process and its port. */
function start(runtime) {
  const [program, ...args] = command(runtime, `${ROOT}bench/webhook/serve.ts`, key);
  // Into a file: nobody would empty a pipe while wrk runs, and Deno reports each request that wrk
  // cuts off at its end.
  const complaints = join(folder, runtime);
  const stderr = openSync(complaints, "w");
  const server = spawn(program, args, { stdio: ["ignore", "pipe", stderr] });
  closeSync(stderr);
  return new Promise((resolve, reject) => {
    let said = "";
    server.once("error", reject);
    server.once("exit", () => {
      reject(new Error(`${runtime}: the server ended: ${readFileSync(complaints, "utf8")}`));
    });
    server.stdout.setEncoding("utf8").on("data", (text) => {
      said += text;
      const port = /^port (\d+)$/m.exec(said)?.[1];
      if (port !== undefined) resolve({ server, port });
    });
  });
}

/** Clock ticks of processor time that a process has used, its own and the kernel's for it. */
function ticksOf(pid) {
  if (process.platform !== "linux") return NaN;
  // Behind the name, which may have spaces: proc_pid_stat(5).
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** Requests per second of a route, and the server's processor time for one, in ticks. */
function load({ server, port }, route, duration) {
  const before = ticksOf(server.pid);
  const { requests, time } = runWrk(port, route, duration);
  return { rate: requests / (time / 1e6), ticks: (ticksOf(server.pid) - before) / requests };
}

function runWrk(port, route, duration) {
  const url = `http://127.0.0.1:${port}/${route}`;
  const script = `${ROOT}bench/webhook/load.lua`;
  const flags = [
    "--threads=1",
    "--connections=32",
    `--duration=${duration}s`,
    `--script=${script}`,
  ];
  const [program, ...own] = wrk;
  const args = [...own, ...flags, url, "--", bodyFile, signature];
  const { stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  const [, requests, failed, time] = /^result (\d+) (\d+) (\d+)$/m.exec(stdout)?.map(Number) ?? [];
  if (requests === undefined || requests === 0) throw new Error(`wrk: ${stdout}${stderr}`);
  if (failed > 0) throw new Error(`${failed} of ${requests} requests to /${route} failed`);
  return { requests, time };
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

async function measure(runtime) {
  const started = await start(runtime);
  started.server.removeAllListeners("exit");
  try {
    // Before it counts, what is hot is compiled. One round is for trying it out.
    if (rounds > 1) ROUTES.forEach((route) => load(started, route, seconds));
    const samples = [];
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 === 0 ? ROUTES : ROUTES.toReversed();
      samples.push(
        Object.fromEntries(order.map((route) => [route, load(started, route, seconds)])),
      );
    }
    return {
      runtime,
      secret: median(samples.map(({ secret }) => secret.rate)),
      string: median(samples.map(({ string }) => string.rate)),
      ratio: median(samples.map(({ secret, string }) => secret.rate / string.rate)),
      window: median(samples.map(({ window, string }) => window.rate / string.rate)),
      timeRatio: median(samples.map(({ secret, string }) => string.ticks / secret.ticks)),
    };
  } finally {
    started.server.kill();
  }
}

try {
  const results = [];
  for (const runtime of chosen) results.push(await measure(runtime));
  if (values.json) {
    console.log(JSON.stringify({ bytes, rounds, seconds, results }));
  } else {
    console.log(`Requests per second, body of ${bytes} bytes; medians of ${rounds} rounds.\n`);
    console.log(
      "| runtime | key in a secret | key in a string | ratio | by processor time | wanted | " +
        "ratio of a string and an empty window |",
    );
    console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (const { runtime, secret, string, ratio, timeRatio, window } of results) {
      const figures = [secret, string].map((value) => Math.round(value).toLocaleString("en"));
      const ratios = [ratio, timeRatio, WANTED, window].map((value) => `${value.toFixed(2)}×`);
      const cells = [runtime, ...figures, ...ratios];
      console.log(`| ${cells.join(" | ")} |`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
