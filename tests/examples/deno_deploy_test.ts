/**
 * examples/deno_deploy: links that were made here work until they expire, and no others, on a
 * Deno that may load no native code.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac, randomBytes } from "node:crypto";
import { placesOf } from "../../bench/copies/count.ts";
import { withoutWay } from "../proof/support/tracing.ts";
import { patience } from "../support/child.ts";
import { commandOf, denoFlags, run } from "./support/runtimes.ts";
import { serve } from "./support/server.ts";

const PATH = "examples/deno_deploy/main.ts";
const LIMIT = { timeout: patience(60_000) };

describe("examples/deno_deploy", () => {
  it("signs links, without the right to load native code", LIMIT, async () => {
    assert.ok(denoFlags(PATH).every((flag) => /^--allow-(?:net|env)\b/.test(flag)));
    const key = randomBytes(32);
    const env = { LINK_KEY: key.toString("base64") };
    await using server = await serve(commandOf("deno", PATH), { env });
    const get = async (path: string) => {
      const response = await fetch(server.url + path);
      return `${response.status} ${await response.text()}`;
    };
    const sign = (path: string, until: number, by = key) => {
      const mac = createHmac("sha256", by).update(`GET ${path} until ${until}`).digest("hex");
      return `${path}?until=${until}&mac=${mac}`;
    };
    const refused = "403 The link has expired, or is not ours";

    const made = await (await fetch(`${server.url}/files/a.txt`, { method: "POST" })).text();
    assert.equal(await get(made), "200 the content of /files/a.txt");
    assert.equal(await get(made.replace("a.txt", "b.txt")), refused);
    assert.equal(await get(made.replace(/until=\d/, "until=9")), refused);
    assert.equal(await get(made.slice(0, -1)), refused);
    assert.equal(await get("/files/a.txt"), refused);
    const now = Math.floor(Date.now() / 1000);
    assert.equal(await get(sign("/files/c", now + 9)), "200 the content of /files/c", "control");
    assert.equal(await get(sign("/files/c", now - 9)), refused, "expired");
    assert.equal(await get(sign("/files/c", now + 9, randomBytes(32))), refused, "another key");
    assert.match(await get("/other"), /^404 /);
    assert.ok(!server.printed().includes(env.LINK_KEY));
  });

  it("keeps the key encrypted while it is not in use", {
    ...LIMIT,
    skip: withoutWay("mem"),
  }, async () => {
    const key = randomBytes(32);
    const env = { LINK_KEY: key.toString("base64") };
    await using server = await serve(commandOf("deno", PATH), { env });
    const link = await (await fetch(`${server.url}/files/a.txt`, { method: "POST" })).text();
    assert.equal((await fetch(server.url + link)).status, 200);
    assert.ok(placesOf(server.pid, Buffer.from(env.LINK_KEY)) > 0, "the variable, as a control");
    assert.equal(placesOf(server.pid, key), 0);
  });

  it("does not start with a key that is none", LIMIT, async () => {
    const { status, stderr } = await run("deno", PATH, { env: { LINK_KEY: "not base64 !" } });
    assert.equal(status, 1);
    assert.match(stderr, /SyntaxError/);
    assert.ok(!stderr.includes("not base64 !"));
  });
});
