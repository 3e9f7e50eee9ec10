/**
 * Where a sealed key stands in memory, looked at from outside: nowhere, but in windows and open copies.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { placesOf } from "../bench/copies/count.ts";
import { withoutWay } from "./proof/support/tracing.ts";
import { commandLine, patience, ROOT, RUNTIME } from "./support/child.ts";
import { withFolder } from "./support/native.ts";
import { GATES } from "./support/ladders.ts";
import { EVERY_RUNG } from "./support/rungs.ts";

/** Places at which the key stands, at each stage. */
async function look(way: string, gate: string): Promise<Record<string, number>> {
  return await withFolder(async (folder) => {
    const key = Buffer.from(randomBytes(24).toString("base64url"));
    const path = join(folder, "key");
    writeFileSync(path, key, { mode: 0o600 });
    const script = join(ROOT, "tests/children/sealing.ts");
    const [program, ...args] = commandLine(script, { args: [way, path] }) as [string, ...string[]];
    const env = { ...process.env, SECUREMEMORY_GATE: gate };
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], env });
    const seen: Record<string, number> = {};
    try {
      for await (const stage of createInterface({ input: child.stdout })) {
        seen[stage] = placesOf(child.pid as number, key);
        child.stdin.write("\n");
      }
    } finally {
      child.kill("SIGKILL");
    }
    return seen;
  });
}

for (const gate of GATES) {
  const missing = EVERY_RUNG.find((rung) => rung.store === "locked" && rung.gate === gate)?.skip;
  describe(`a key that is sealed (${gate})`, { skip: missing || withoutWay("mem") }, () => {
    for (
      // Arrays are the engine's, which Deno has in common with Node; and searching it takes long.
      const [way, came] of ([
        ["secret", "as a secret"],
        ["small", "as a small array"],
        ["large", "in a large array"],
      ] as const).slice(0, RUNTIME === "deno" ? 1 : 3)
    ) {
      it(`stands nowhere but in windows and open copies: it came ${came}`, {
        timeout: patience(60_000),
      }, async () => {
        assert.deepEqual(await look(way, gate), {
          // What is there is found.
          "secret": 1,
          "sealed": 0,
          "used": 0,
          "rekeyed": 0,
          "window": 1,
          "closed window": 0,
          "opened": 1,
          "closed again": 0,
          "hot": 1,
          "cold": 0,
          "end": 0,
        });
      });
    }
  });
}
