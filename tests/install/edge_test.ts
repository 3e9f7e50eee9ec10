/**
 * The edge's entry as users of the package have it: bundled by what they would type for workerd, and
 * for a browser, and imported as it is.
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { workerdPath } from "../edge/support/tools.ts";
import { serve } from "../examples/support/server.ts";
import { withoutWorkerd } from "../examples/support/workerd.ts";
import { patience, ROOT } from "../support/child.ts";
import { NAME, packed } from "./support/packed.ts";
import { makeTemporary, removeTemporary, unpackInto, writeFiles } from "./support/projects.ts";
import { run, surroundings, toolOf } from "./support/run.ts";

const limit = { timeout: patience(60_000) };
const KEY = "whsec_of_this_test_only";

const PROGRAM = `
import { capabilities, Secret } from "${NAME}/edge";
using key = Secret.fromString("${KEY}");
const mac = key.hmac("SHA-256", "message");
const { store } = key.status();
console.log(JSON.stringify({ store, runtime: typeof capabilities(), mac: [...mac] }));
`;
const SAID = {
  store: "wasm",
  runtime: "object",
  mac: [...createHmac("sha256", KEY).update("message").digest()],
};

describe("the edge's entry of the package", () => {
  const folder = makeTemporary();
  const env = surroundings(join(folder, "home"));
  const project = join(folder, "project");

  before(() => {
    unpackInto(project, packed());
    for (const name of ["esbuild", "hono"]) {
      symlinkSync(toolOf(name), join(project, "node_modules", name));
    }
    mkdirSync(join(project, "node_modules/.bin"));
    symlinkSync(join(toolOf("esbuild"), "bin/esbuild"), join(project, "node_modules/.bin/esbuild"));
    writeFiles(project, { "package.json": '{"type":"module"}', "main.js": PROGRAM });
  });

  after(() => removeTemporary(folder));

  async function succeed(command: string): Promise<string> {
    const { status, stdout, stderr } = await run(command, { cwd: project, env });
    assert.equal(status, 0, `${command}\n${stdout}${stderr}`);
    return stdout;
  }

  for (const command of ["bun main.js", "deno run --no-prompt main.js", "node main.js"]) {
    it(`keeps a secret by ${command}, which may load no library`, limit, async () => {
      assert.deepEqual(JSON.parse(await succeed(command)), SAID);
    });
  }

  for (
    const command of [
      "npx esbuild main.js --bundle --format=esm --minify --outfile=bundled/esbuild.js",
      "bun build main.js --target=browser --minify --outfile=bundled/bun.js",
    ]
  ) {
    it(`has its module in a bundle by ${command}`, limit, async () => {
      await succeed(command);
      const bundle = command.split("=").at(-1) as string;
      assert.deepEqual(JSON.parse(await succeed(`node ${bundle}`)), SAID);
      const { length } = readFileSync(join(project, bundle));
      assert.ok(length < 110_000, `${length} bytes: more than the edge is in the bundle`);
    });
  }

  it("has no code of the native library's, nor that of the other forms", () => {
    const reached = new Set<string>();
    const visit = (path: string) => {
      if (reached.has(path) || !path.endsWith(".js")) return;
      reached.add(path);
      const text = readFileSync(path, "utf8");
      for (const [, target] of text.matchAll(/^(?:im|ex)port[^"]*"(\.[^"]+)"/gm)) {
        visit(join(dirname(path), target as string));
      }
    };
    const dist = join(project, "node_modules", NAME, "dist");
    visit(join(dist, "edge.workerd.js"));
    assert.ok(reached.size > 1, "the control: it shares code");
    const text = [...reached].map((path) => readFileSync(path, "utf8")).join("");
    assert.doesNotMatch(text, /dlopen|node:ffi|bun:ffi|node:module/);
    assert.match(readFileSync(join(dist, "mod.js"), "utf8") + readAll(dist), /dlopen/);
    assert.ok(text.length < 100_000, `${text.length} characters: WebAssembly is in it as well`);
  });

  it("serves examples/hono in workerd, by the commands in its header", {
    ...limit,
    skip: withoutWorkerd,
  }, async () => {
    const example = join(ROOT, "examples/hono");
    for (const name of ["workerd.ts", "app.ts", "workerd.capnp"]) {
      copyFileSync(join(example, name), join(project, name));
    }
    const [bundling, serving] = commandsOf(readFileSync(join(example, "workerd.ts"), "utf8"));
    assert.match(bundling as string, /^npx esbuild /);
    await succeed(bundling as string);
    assert.ok(existsSync(join(project, "securememory.wasm")), "the module stays a file");
    const [, words = ""] = /\bnpx workerd (.*)$/.exec(serving as string) ?? [];
    assert.equal(words, "serve workerd.capnp");
    // Not by npx, which would be ended in its place; and on a port that is free.
    const flags = ["--socket-addr=http=127.0.0.1:0", "--control-fd=1"];
    const command = [workerdPath() as string, "serve", join(project, "workerd.capnp"), ...flags];
    const given = { env: { WEBHOOK_KEY: KEY, COOKIE_KEY: KEY } };
    await using server = await serve(command, given, /"event":"listen".*?"port":(\d+)/);
    const send = async (key: string) => {
      const time = Math.floor(Date.now() / 1000);
      const mac = createHmac("sha256", key).update(`${time}.{}`).digest("hex");
      const headers = { "Stripe-Signature": `t=${time},v1=${mac}` };
      const url = `${server.url}/webhook`;
      const response = await fetch(url, { method: "POST", headers, body: "{}" });
      return `${response.status} ${await response.text()}`;
    };
    assert.equal(await send(KEY), "200 Accepted");
    assert.equal(await send("another key"), "401 Forged");
  });
});

/** The text of every chunk. */
function readAll(dist: string): string {
  return ["mod.js", "cli.js"].flatMap((name) => {
    const text = readFileSync(join(dist, name), "utf8");
    return [...text.matchAll(/"\.\/(shared-\w+\.js)"/g)].map(([, chunk]) =>
      readFileSync(join(dist, chunk as string), "utf8")
    );
  }).join("");
}

/** The commands that a file's header has, each in one line. */
function commandsOf(text: string): string[] {
  const header = text.slice(0, text.indexOf("*/"));
  const lines = header.split("\n").filter((line) => line.startsWith(" *     "));
  return lines.join("\n").replaceAll(/\\\n \*\s+/g, "").split("\n")
    .map((line) => line.replace(/^ \*\s+/, ""));
}
