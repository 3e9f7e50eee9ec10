/**
 * What importing the package and making the first secret costs a process: wall time beyond an
 * empty script, from the package as it is installed, with caches of compiled code that are
 * empty each time ("cold") and that are full ("warm").
 *
 *     npm run startup [-- PAIRS]    21 pairs of starts of each kind unless told
 *
 * Deno runs the sources, too: at a cold start they have their types stripped. Over http from
 * loopback, as from JSR, they are fetched then, and there is no library beside them.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { findBun, findDeno, findNode, ROOT } from "./toolchain.mjs";

const pairs = Number(process.argv[2] ?? 21);
const folder = mkdtempSync(join(tmpdir(), "securememory-startup-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

execFileSync(process.execPath, [`${ROOT}scripts/pack.mjs`, "--out", folder], { stdio: "ignore" });
const home = join(folder, "node_modules/@securememory/core");
mkdirSync(home, { recursive: true });
cpSync(join(folder, "package"), home, { recursive: true });
writeFileSync(join(folder, "package.json"), "{}\n");

const put = (name, specifier) => {
  const path = join(folder, name);
  writeFileSync(
    path,
    specifier === undefined ? "" : `import { Secret } from ${JSON.stringify(specifier)};
Secret.random(32).withBytes((bytes) => bytes.length);
`,
  );
  return path;
};
const empty = put("empty.mjs");
const installed = put("installed.mjs", "@securememory/core");
const sources = put("sources.mjs", `${ROOT}mod.ts`);

// In a process of its own: this one waits for those that it starts.
const server = spawn(process.execPath, [`${ROOT}scripts/serve.mjs`, ROOT], {
  stdio: ["ignore", "pipe", "inherit"],
});
process.on("exit", () => server.kill());
const [port] = await once(server.stdout.setEncoding("utf8"), "data");
const host = `127.0.0.1:${port.trim()}`;
const remote = put("remote.mjs", `http://${host}/mod.ts`);

const deno = [findDeno(), "run", "--quiet", "--no-check", "--allow-ffi"];
const kinds = [
  ["Bun, from npm", [findBun()], installed],
  ["Deno, from npm", deno, installed],
  ["Deno, TypeScript from files", deno, sources],
  ["Deno, TypeScript over http, as from JSR", [...deno, `--allow-import=${host}`], remote],
  ["Node, from npm", [findNode(), "--no-warnings"], installed],
];

function start([program, ...args], script, cache) {
  const own = cache ?? mkdtempSync(join(folder, "cache-"));
  const env = { ...process.env, DENO_DIR: own, BUN_RUNTIME_TRANSPILER_CACHE_PATH: own };
  const before = process.hrtime.bigint();
  const { status, stderr } = spawnSync(program, [...args, script], { cwd: folder, env });
  const milliseconds = Number(process.hrtime.bigint() - before) / 1e6;
  if (status !== 0) throw new Error(`${program} ${script}: ${stderr}`);
  if (cache === undefined) rmSync(own, { recursive: true, force: true });
  return milliseconds;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

console.log("milliseconds beyond an empty script, medians\n");
console.log("| | cold | warm |\n| --- | ---: | ---: |");
for (const [name, command, script] of kinds) {
  const cells = [undefined, mkdtempSync(join(folder, "warm-"))].map((cache) => {
    start(command, script, cache);
    const added = Array.from({ length: pairs }, () => {
      const [before, used, after] = [empty, script, empty].map((path) =>
        start(command, path, cache)
      );
      return used - (before + after) / 2;
    });
    return median(added).toFixed(1);
  });
  console.log(`| ${name} | ${cells.join(" | ")} |`);
}
server.kill();
