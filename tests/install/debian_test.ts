/** Tools that suites get themselves from Debian's archive: bounded, and a reason where they cannot. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { patience, ROOT } from "../support/child.ts";
import { withTemporary } from "./support/projects.ts";
import { NODE } from "./support/run.ts";

interface Debian {
  readonly Unavailable: new (message: string) => Error;
  requireSize(text: string, names: readonly string[]): void;
}

const debian: Debian = await import(new URL("../../scripts/debian.mjs", import.meta.url).href);

test("more than the limit is not downloaded", () => {
  const line = (mib: number) =>
    `'http://example.com/a.deb' a_1_amd64.deb ${mib * 2 ** 20} SHA256:0`;
  debian.requireSize(["Reading package lists...", line(500), line(12)].join("\n"), ["a"]);
  assert.throws(
    () => debian.requireSize([line(500), line(13)].join("\n"), ["a"]),
    (error) =>
      error instanceof debian.Unavailable &&
      error.message === "a: 513 MiB to download, 512 are the limit",
  );
});

const FINDERS = [
  ["chromium.mjs", "findChromium", "SECUREMEMORY_CHROMIUM"],
  ["examples/postgres.mjs", "findPostgres", "SECUREMEMORY_POSTGRES"],
  ["wrk.mjs", "findWrk", "SECUREMEMORY_WRK"],
] as const;

for (const [path, name, variable] of FINDERS) {
  test(`${name} says why there is none where the archive cannot be reached, and leaves nothing`, {
    timeout: patience(60_000),
  }, () =>
    withTemporary((folder) => {
      const script = JSON.stringify(join(ROOT, "scripts", path));
      const { stdout, stderr } = spawnSync(NODE, [
        "--input-type=module",
        "--eval",
        `import { ${name}, Unavailable } from ${script};
        try {
          console.log("found", ${name}());
        } catch (error) {
          console.log(error instanceof Unavailable, error.message);
        }`,
      ], {
        encoding: "utf8",
        env: {
          ...process.env,
          [variable]: join(folder, "made"),
          SECUREMEMORY_DEBIAN_MIRROR: "http://127.0.0.1:9/debian",
        },
      });
      assert.match(stdout, /^true \S/, stderr);
      assert.deepEqual(readdirSync(folder), []);
    }));
}
