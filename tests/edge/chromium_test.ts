/** The edge's suite in a headless Chromium, on a page from loopback. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { patience } from "../support/child.ts";
import { unless } from "../support/skip.ts";
import { bundle, tell } from "./support/bundled.ts";
import type { Result } from "./support/run.ts";
import { type Chromium, chromium } from "./support/tools.ts";

const found = chromium();
const skip = typeof found === "string" ? unless("chromium", false, found) : false;

/** What the tests of shared memory need: isolation of the page. */
const HEADERS = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

const PAGE = `<!doctype html><script type="module">
  const tell = (answer) => fetch("/answer", { method: "POST", body: JSON.stringify(answer) });
  try {
    const { run } = await import("/bundle.mjs");
    await tell({ answer: await run() });
  } catch (error) {
    await tell({ error: String(error.stack) });
  }
</script>`;

/** What `run()` of a bundle says in a page. */
async function ask<T>(folder: string): Promise<T> {
  const { path, env } = found as Chromium;
  const profile = mkdtempSync(join(tmpdir(), "securememory-chromium-"));
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const server = createServer(async (request, response) => {
    if (request.url === "/answer") {
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) chunks.push(chunk);
      response.end();
      const { answer, error } = JSON.parse(Buffer.concat(chunks).toString());
      return error === undefined ? resolve(answer) : reject(new Error(error));
    }
    const script = request.url === "/bundle.mjs";
    response.writeHead(200, {
      ...HEADERS,
      "content-type": script ? "text/javascript" : "text/html",
    });
    response.end(script ? readFileSync(join(folder, "bundle.mjs")) : PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
  const child = spawn(
    path,
    // Without a port for debugging the old headless mode takes its one picture and ends.
    [
      ...flags,
      `--user-data-dir=${profile}`,
      "--remote-debugging-port=0",
      `http://127.0.0.1:${port}/`,
    ],
    { env: { ...process.env, ...env }, stdio: "ignore" },
  );
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.once("error", reject);
  child.once("exit", (status) => reject(new Error(`Chromium has ended with ${status}`)));
  const limit = setTimeout(() => reject(new Error("Chromium has not answered")), patience(120_000));
  try {
    return await promise;
  } finally {
    clearTimeout(limit);
    child.kill("SIGKILL");
    await ended;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

if (skip === false) tell(await ask<Result[]>(bundle("default").folder));

test("in Chromium, the main entry can be imported, and points to the edge", { skip }, async () => {
  const { folder } = bundle("default", "tests/edge/support/main_entry.ts");
  const { said, supported } = await ask<{ said: string; supported: boolean }>(folder);
  assert.match(said, /^UnsupportedError: .*@securememory\/core\/edge/);
  assert.equal(supported, false);
});
