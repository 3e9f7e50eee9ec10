/**
 * Waits while others write to its closed secrets, one for each way of writing, and says which
 * have changed: `written.ts <path of the holder library> <rungs as JSON> <ways as JSON>`.
 *
 * @module
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { Secret, type SecretOptions } from "../../../mod.ts";
import { addressOf } from "../../support/memory.ts";
import { check, loadHolder, rest } from "./holding.ts";

const [library, rungs, ways] = process.argv.slice(2) as [string, string, string];
const native = loadHolder(library);
const print = (value: unknown) => writeSync(1, `${JSON.stringify(value)}\n`);

const victims = (JSON.parse(rungs) as SecretOptions[]).map((options) =>
  (JSON.parse(ways) as string[]).map(() => {
    const secret = Secret.random(32, options);
    const address = secret.withBytes(addressOf).toString(16);
    return { address, secret, twin: secret.copy() };
  })
);
print(victims.map((row) => row.map(({ address }) => address)));
await rest();
check(native.holder_wait(0));
print(victims.map((row) => row.map(({ secret, twin }) => !secret.equals(twin))));
