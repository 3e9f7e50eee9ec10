/** That a suite runs over the kind of secrets that it says, in children too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret, SecretFactory, stats } from "../mod.ts";
import { runCode } from "./support/child.ts";
import { KIND } from "./support/kind.ts";

test(`secrets are of the kind that is tested: ${KIND}`, () => {
  const pooled = KIND !== "own";
  const sealed = stats().sealed;
  using random = Secret.random(32);
  using bytes = Secret.from(new Uint8Array(32));
  assert.equal(stats().sealed - sealed, KIND === "seal" ? 2 : 0);
  using text = Secret.fromString("text");
  using filled = Secret.fill(32, () => {});
  using made = new SecretFactory({ label: "factory" }).random(32);
  for (const secret of [random, bytes, text, filled, made]) {
    assert.equal(secret.status().pooled, pooled);
  }
  using aligned = Secret.random(32, { alignment: 64 });
  assert.equal(aligned.status().pooled, false);
});

test("children have secrets of the same kind", async () => {
  const { stdout } = await runCode("console.log(securememory.Secret.random(32).status().pooled);");
  assert.equal(stdout, `${KIND !== "own"}\n`);
});
