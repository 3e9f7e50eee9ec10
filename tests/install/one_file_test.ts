/** The demo as an executable of one file, where there is nothing else. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { patience, ROOT } from "../support/child.ts";
import { withoutMounts } from "../support/mounts.ts";
import { makeTemporary, removeTemporary } from "./support/projects.ts";
import { run, surroundings } from "./support/run.ts";

test("the demo is one file: without the project, node_modules and a TMPDIR it does what it does", {
  skip: withoutMounts,
  timeout: patience(60_000),
}, async () => {
  const folder = makeTemporary();
  try {
    const home = join(folder, "home");
    mkdirSync(home);
    const env = surroundings(home);
    const built = await run(`bun build --compile demo/one_file.ts --outfile=${folder}/app`, {
      cwd: ROOT,
      env,
    });
    assert.equal(built.status, 0, built.stderr);
    const key = join(folder, "key");
    writeFileSync(key, randomBytes(32), { mode: 0o600 });
    const script = join(folder, "bare.sh");
    writeFileSync(
      script,
      `set -e
      mount -t tmpfs none "${ROOT}"
      test ! -e "${ROOT}mod.ts"
      cd "${folder}"
      exec env -i TMPDIR=/nonexistent HOME=/nonexistent ./app "${key}"`,
    );
    const ran = await run(`unshare --mount sh ${script}`, { cwd: folder, env });
    assert.equal(ran.status, 0, `${ran.stdout}\n${ran.stderr}`);
    assert.match(ran.stdout, /accepted 2,400, rejected 600/);
    assert.match(ran.stdout, /ended by SIGSEGV/);
    assert.match(
      ran.stdout,
      /copies of the key in this process's memory: [01] on its page, 0 elsewhere/,
    );
  } finally {
    removeTemporary(folder);
  }
});
