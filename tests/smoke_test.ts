import { test } from "node:test";
import assert from "node:assert/strict";
import { Secret } from "../mod.ts";
import { runCode } from "./support/child.ts";
import { unless } from "./support/skip.ts";
test("smoke", () => { using s = Secret.random(3); assert.equal(s.length, 3); });
test("skipped", { skip: unless("never", false, "because") }, () => {});
test("child", async () => { const o = await runCode("const v = securememory.Secret.random(32).withBytes((b) => [b][0] && b.subarray(0,1).slice(0,0)); let w; const s = securememory.Secret.random(32); s.withBytes((b) => { w = b; }); console.log('before'); console.log(w[0]);"); assert.equal(o.stdout, "before\n"); assert.equal(o.signal, "SIGSEGV"); });
