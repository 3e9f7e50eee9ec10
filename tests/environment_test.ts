import assert from "node:assert/strict";
import { test } from "node:test";
import { runCode, RUNTIME } from "./support/child.ts";
import { autoOfChild, MISSING, missing, RUNGS, withNothingMissing } from "./support/rungs.ts";
import { unless } from "./support/skip.ts";

/** In children: `configure` cannot be undone, and the environment is read once. */
const PRELUDE = `
  const { configure, Secret, SecretFactory } = securememory;
  /** Whether views are revoked, and the address's largest alignment below a page. */
  const revokes = (secret) => {
    let kept;
    secret.withBytes((bytes) => { kept = bytes; });
    return kept.byteLength === 0;
  };
  const attempt = (make) => {
    try {
      make().close();
      return "made";
    } catch (error) {
      return error.name + " " + (error.code ?? "");
    }
  };
`;

async function lines(
  code: string,
  env: Readonly<Record<string, string>> = {},
  flags?: readonly string[],
): Promise<string[]> {
  const outcome = await runCode(PRELUDE + code, flags === undefined ? { env } : { env, flags });
  assert.equal(outcome.status, 0, outcome.stderr);
  return outcome.stdout.trimEnd().split("\n");
}

test("`configure()` sets defaults; later calls add to them or take them back; options of a call win", async () => {
  const seen = await lines(`
    console.log(revokes(Secret.random(1)));
    configure({ revokeViews: true });
    configure({ label: "keys" });
    console.log(revokes(Secret.random(1)), revokes(Secret.random(1, { label: "other" })));
    console.log(revokes(Secret.random(1, { revokeViews: false })));
    console.log(revokes(Secret.random(1, { revokeViews: undefined })));
    configure({ revokeViews: undefined });
    console.log(revokes(Secret.random(1)));
    configure({ revokeViews: false });
    console.log(revokes(Secret.random(1)));
  `);
  assert.deepEqual(seen, ["false", "true true", "false", "true", "false", "false"]);
});

test("a factory's options win over `configure()`, whenever that was called", async () => {
  const seen = await lines(`
    const factory = new SecretFactory({ revokeViews: false });
    const silent = new SecretFactory();
    configure({ revokeViews: true });
    console.log(revokes(factory.random(1)), revokes(silent.random(1)));
    console.log(revokes(factory.random(1, { revokeViews: true })));
  `);
  assert.deepEqual(seen, ["false true", "true"]);
});

test("`configure()` with one wrong option sets none of the others", async () => {
  const seen = await lines(`
    try { configure({ revokeViews: true, alignment: 3 }); } catch (error) { console.log(error.name); }
    console.log(revokes(Secret.random(1)));
  `);
  assert.deepEqual(seen, ["RangeError", "false"]);
});

test("`configure()` of a missing rung makes every creation fail that does not choose another", {
  skip: withNothingMissing(),
}, async () => {
  const [option] = Object.keys(missing());
  const seen = await lines(`
    configure(${JSON.stringify(MISSING)});
    console.log(attempt(() => Secret.random(1)));
    console.log(attempt(() => Secret.random(1, { ${option}: "auto" })));
    configure({ ${option}: "auto" });
    console.log(attempt(() => Secret.random(1)));
  `);
  assert.deepEqual(seen, ["UnsupportedError UNSUPPORTED", "made", "made"]);
});

test("SECUREMEMORY_REVOKE_VIEWS=1 revokes views; `configure()` and options win over it", async () => {
  const code = `
    console.log(revokes(Secret.random(1)), revokes(Secret.random(1, { revokeViews: false })));
    configure({ revokeViews: false });
    console.log(revokes(Secret.random(1)), revokes(Secret.random(1, { revokeViews: true })));
  `;
  assert.deepEqual(await lines(code, { SECUREMEMORY_REVOKE_VIEWS: "1" }), [
    "true false",
    "false true",
  ]);
  for (const value of ["", "0"]) {
    assert.deepEqual(await lines(code, { SECUREMEMORY_REVOKE_VIEWS: value }), [
      "false false",
      "false true",
    ]);
  }
});

for (
  const [variable, best, basic] of [
    ["SECUREMEMORY_STORE", "secretmem", "locked"],
    ["SECUREMEMORY_GATE", "pkey", "mprotect"],
  ] as const
) {
  const option = variable === "SECUREMEMORY_STORE" ? "store" : "gate";
  test(`${variable} requires a rung; an explicit option wins over it`, async () => {
    const code = `
      const rung = (options) => {
        let found = "none";
        const outcome = attempt(() => {
          const secret = Secret.random(1, options);
          found = secret.status().${option};
          return secret;
        });
        console.log(outcome === "made" ? found : outcome);
      };
      rung();
      rung({ ${option}: "${basic}" });
      configure({ ${option}: "auto" });
      rung();
    `;
    const auto = autoOfChild()[option];
    const isThere = RUNGS.some((rungs) => rungs[option] === best);
    // The best store that was used once stands in nobody's way any more.
    assert.deepEqual(
      await lines(code, { [variable]: best }),
      isThere ? [best, basic, best] : ["UnsupportedError UNSUPPORTED", basic, auto],
    );
    assert.deepEqual(await lines(code, { [variable]: basic }), [basic, basic, auto]);
    for (const value of ["auto", ""]) {
      assert.deepEqual(await lines(code, { [variable]: value }), [auto, basic, auto]);
    }
  });

  test(`${variable} with a value that is none is a TypeError that names it, every time`, async () => {
    const seen = await lines(
      `
      for (let round = 0; round < 2; round++) {
        try { Secret.random(1); } catch (error) { console.log(error.name, error.message); }
      }
      `,
      { [variable]: "${bogus}" },
    );
    assert.equal(seen.length, 2);
    for (const line of seen) {
      assert.match(line, new RegExp(`^TypeError .*${variable}.*"\\$\\{bogus\\}"`));
    }
  });
}

test("SECUREMEMORY_LIBRARY of a file that is none is unsupported, and the error names both", async () => {
  const seen = await lines(
    `
    try { Secret.random(1); } catch (error) {
      console.log(error.name, error.code, error.message, error.cause !== undefined);
    }
    console.log(securememory.capabilities().supported);
    `,
    { SECUREMEMORY_LIBRARY: "/nowhere/libsecurememory.so" },
  );
  assert.match(seen[0] ?? "", /^UnsupportedError UNSUPPORTED .*SECUREMEMORY_LIBRARY/);
  assert.match(seen[0] ?? "", /"\/nowhere\/libsecurememory\.so".* true$/);
  assert.equal(seen[1], "false");
});

test("without permission to read the environment, Deno does not ask and takes the defaults", {
  skip: unless("deno", RUNTIME === "deno", "only Deno has such permissions"),
}, async () => {
  const { store } = autoOfChild();
  const other = store === "locked" ? "secretmem" : "locked";
  const seen = await lines(
    `console.log(revokes(Secret.random(1)), Secret.random(1).status().store);`,
    { SECUREMEMORY_REVOKE_VIEWS: "1", SECUREMEMORY_STORE: other },
    ["--allow-ffi"],
  );
  assert.deepEqual(seen, [`false ${store}`]);
});
