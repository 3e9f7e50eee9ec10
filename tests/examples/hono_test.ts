/**
 * examples/hono: the same requests on every runtime that it names.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import { withoutWay } from "../proof/support/tracing.ts";
import { patience } from "../support/child.ts";
import { CONTROL, copiesIn } from "./support/copies.ts";
import { commandOf } from "./support/runtimes.ts";
import { serve, type Server } from "./support/server.ts";
import { withoutWorkerd, withWorkerd } from "./support/workerd.ts";

const WEBHOOK_KEY = `whsec_${randomBytes(24).toString("hex")}`;
const COOKIE_KEY = randomBytes(32).toString("hex");
const env = { WEBHOOK_KEY, COOKIE_KEY };
const LIMIT = { timeout: patience(60_000) };

function mac(key: string, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Sends a webhook as Stripe would, or with another key, time or body. */
async function send(
  { url }: Server,
  { key = WEBHOOK_KEY, time = seconds(), body = `{"id":"${randomBytes(8).toString("hex")}"}` } = {},
  tamper: (request: { body: string; signature: string }) => void = () => {},
): Promise<string> {
  const request = { body, signature: `t=${time},v1=${mac(key, `${time}.${body}`)}` };
  tamper(request);
  const headers = { "Stripe-Signature": request.signature };
  const response = await fetch(`${url}/webhook`, { method: "POST", headers, body: request.body });
  return `${response.status} ${await response.text()}`;
}

async function checkWebhooks(server: Server): Promise<void> {
  const forged = "401 Forged";
  assert.equal(await send(server), "200 Accepted");
  assert.equal(await send(server, { body: "" }), "200 Accepted");
  assert.equal(await send(server, { body: '{"name":"Zoë €"}' }), "200 Accepted");
  assert.equal(await send(server, { key: "another key" }), forged);
  assert.equal(await send(server, {}, (request) => request.body += " "), forged);
  const flip = (text: string) => text.replace(/.$/, (last) => last === "0" ? "1" : "0");
  assert.equal(await send(server, {}, (it) => it.signature = flip(it.signature)), forged);
  assert.equal(await send(server, {}, (it) => it.signature = it.signature.slice(0, -2)), forged);
  assert.equal(await send(server, {}, (it) => it.signature = it.signature.slice(0, -1)), forged);
  for (const signature of ["t=1,v1=", "v1=00", "no", " "]) {
    assert.equal(await send(server, {}, (it) => it.signature = signature), forged, signature);
  }
  const moved = (it: { signature: string }) =>
    it.signature = it.signature.replace(/^t=\d+/, `t=${seconds() + 1}`);
  assert.equal(await send(server, {}, moved), forged, "the time is signed");
  assert.equal(await send(server, { time: seconds() - 400 }), "401 Too old");
  assert.equal(await send(server, { time: seconds() + 400 }), "401 Too old");
  const again = { time: seconds(), body: '{"id":"again"}' };
  assert.equal(await send(server, again), "200 Accepted");
  assert.equal(await send(server, again), "409 Replayed");
  assert.match(await send(server, { body: "x".repeat(1 + (1 << 16)) }), /^413 /);
}

async function checkCookies({ url }: Server): Promise<void> {
  const me = async (cookie?: string) => {
    const headers = new Headers(cookie === undefined ? [] : [["Cookie", cookie]]);
    const response = await fetch(`${url}/me`, { headers });
    return `${response.status} ${await response.text()}`;
  };
  const login = await fetch(`${url}/login/zoe.doe`, { method: "POST" });
  const header = login.headers.get("set-cookie") ?? "";
  assert.match(header, /; HttpOnly/);
  assert.match(header, /; Secure/);
  const cookie = header.slice(0, header.indexOf(";"));
  const refused = "401 Log in";
  assert.equal(await me(cookie), "200 zoe.doe");
  assert.equal(await me(), refused);
  assert.equal(await me(cookie.replace("zoe.doe", "root")), refused);
  assert.equal(await me(cookie.slice(0, -1)), refused);
  assert.equal(await me("session=zoe.doe"), refused);
  const signed = (value: string, name = "session", key = COOKIE_KEY) =>
    `session=${value}.${mac(key, `${name}=${value}`)}`;
  const later = seconds() + 60;
  assert.equal(
    await me(signed(`root.${later}`)),
    "200 root",
    "the control: signed as the app does",
  );
  assert.equal(await me(signed(`root.${seconds() - 60}`)), refused, "expired");
  assert.equal(await me(signed(`root.${later}`, "other")), refused, "of another cookie");
  assert.equal(await me(signed(`root.${later}`, "session", WEBHOOK_KEY)), refused, "another key");
}

/** Copies of each key that examples/README.md admits. */
const COPIES = { bun: 1, deno: 0, node: 0 };
const withoutReading = withoutWay("mem");

function checkSilence(server: Server): void {
  const printed = server.printed();
  for (const key of Object.values(env)) assert.ok(!printed.includes(key), printed);
}

describe("examples/hono", () => {
  for (const runtime of ["bun", "deno", "node"] as const) {
    it(`verifies webhooks and signs cookies on ${runtime}`, LIMIT, async () => {
      await using server = await serve(commandOf(runtime, `examples/hono/${runtime}.ts`), { env });
      await checkWebhooks(server);
      await checkCookies(server);
      checkSilence(server);
      if (process.platform !== "linux") return;
      const environment = readFileSync(`/proc/${server.pid}/environ`, "latin1");
      assert.match(environment, /\bPORT=0\b/, "the control");
      for (const [name, key] of Object.entries(env)) assert.ok(!environment.includes(key), name);
    });
  }

  for (const runtime of ["bun", "deno", "node"] as const) {
    it(`leaves ${COPIES[runtime]} copies of its keys on ${runtime}`, {
      ...LIMIT,
      skip: withoutReading,
    }, async () => {
      const given = { env: { ...env, ...CONTROL } };
      await using server = await serve(commandOf(runtime, `examples/hono/${runtime}.ts`), given);
      assert.equal(await send(server), "200 Accepted");
      assert.equal((await fetch(`${server.url}/login/zoe`, { method: "POST" })).status, 200);
      for (const [name, key] of Object.entries(env)) {
        assert.equal(copiesIn(server, key), COPIES[runtime], name);
      }
    });
  }

  it(
    "verifies webhooks and signs cookies on workerd",
    { ...LIMIT, skip: withoutWorkerd },
    () =>
      withWorkerd("examples/hono", { env }, async (server) => {
        await checkWebhooks(server);
        await checkCookies(server);
        checkSilence(server);
      }),
  );
});
