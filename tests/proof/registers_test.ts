/**
 * What a native call leaves on the stack and in registers: the core dump of a process that
 * is ended right after it. A window's own callback is the caller's code, and not looked at.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { spawn } from "node:child_process";
import { once as event } from "node:events";
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { commandLine, ROOT } from "../support/child.ts";
import { CORE_WRAPPER, withoutCore } from "./support/core_dumps.ts";
import { type Found, observeFile } from "./support/observer.ts";
import { programs } from "./support/programs.ts";
import { EVERY_RUNG, type Rung } from "../support/rungs.ts";

const CALLS = [
  "equals, equal",
  "equals, other bytes",
  "copy",
  "from",
  "fromFile",
  "fromHex",
  "fromBase64",
  "a window",
  "a window for writing",
  "close",
];

/** As they are, and in the text that some calls decode. */
const copiesIn = ({ copies: { raw, hex, base64 } }: Found) => raw + hex + base64;

/** How often a secret's bytes, and those of two controls, are in the core dump after a call. */
async function copiesAfter(call: string, { store, gate }: Rung): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(programs().folder, "call-"));
  const script = join(ROOT, "tests/proof/children/last_call.ts");
  const file = join(mkdtempSync(join(programs().folder, "source-")), "secret");
  const args = [programs().holder, call, store, gate, file];
  const [program, ...rest] = commandLine(script, { wrapper: CORE_WRAPPER, args });
  const child = spawn(program as string, rest, { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
  const tokens = new Map(
    ["secret", "stack", "registers"].map((name) => [name, new Uint8Array(randomBytes(32))]),
  );
  const [secret, stack, registers] = [...tokens.values()] as [Uint8Array, Uint8Array, Uint8Array];
  // The same token for both secrets, and for the source of a third one, which is wiped only
  // by the call that takes it.
  const source = call === "from" ? secret : new Uint8Array(32);
  writeFileSync(file, secret);
  writeFileSync(`${file}.hex`, Buffer.from(secret).toString("hex"));
  writeFileSync(`${file}.base64`, Buffer.from(secret).toString("base64"));
  child.stdin.write(Buffer.concat([secret, secret, source, stack, registers]));
  await event(child.stdout, "data");
  process.kill(child.pid as number, "SIGABRT");
  await event(child, "close");
  const cores = readdirSync(folder);
  assert.equal(cores.length, 1, "the kernel left no core dump");
  const answer = observeFile(join(folder, cores[0] as string), tokens);
  return Object.fromEntries(
    [...answer.tokens].map(([name, found]: [string, Found]) => [name, copiesIn(found)]),
  );
}

for (const rung of EVERY_RUNG) {
  describe(`a core dump right after a native call on ${rung.store}, ${rung.gate}`, () => {
    const skip = withoutCore || rung.skip;
    for (const call of CALLS) {
      it(`has none of the secret's bytes: ${call}`, { skip }, async () => {
        const { secret, stack, registers } = await copiesAfter(call, rung);
        assert.ok(stack as number > 0, "the control on the stack is not found");
        assert.ok(registers as number > 0, "the control in registers is not found");
        assert.equal(secret, 0, `copies after ${call}`);
      });
    }
  });
}
