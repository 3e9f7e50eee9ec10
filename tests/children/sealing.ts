/**
 * Takes a key from a file through the stages of an enclave's life, and says each; a line on standard
 * input lets it go on. Started by enclave_copies_test.ts with the way the key comes in, and the path.
 *
 * @module
 */
import process from "node:process";
import { configure, Enclave, rekey, Secret } from "../../mod.ts";

const [way, path] = process.argv.slice(2) as [string, string];

async function stage(name: string): Promise<void> {
  console.log(name);
  await new Promise<void>((resolve) => process.stdin.once("data", () => resolve()));
}

// Readable from outside, where the test can see it.
configure({ store: "locked", enclaveSlots: 0, enclaveIdle: 100 });
const secret = Secret.fromFile(path);
await stage("secret");

function seal(): Enclave {
  if (way === "secret") return Enclave.seal(secret);
  // Small arrays are kept in another way than large ones, by some engines.
  const bytes = way === "small" ? new Uint8Array(secret.length) : new Uint8Array(5000);
  secret.readInto(bytes);
  secret.close();
  return Enclave.seal(bytes);
}

const enclave = seal();
await stage("sealed");

/** Uses it, and touches every byte. */
function use(): number {
  return enclave.withBytes((bytes) => {
    let sum = 0;
    for (const byte of bytes) sum += byte;
    return sum;
  });
}

for (let round = 0; round < 1000; round++) use();
await stage("used");

rekey();
for (let round = 0; round < 10; round++) use();
await stage("rekeyed");

await enclave.withBytesAsync(async () => await stage("window"));
await stage("closed window");

const opened = enclave.open();
await stage("opened");
opened.close();
await stage("closed again");

configure({ enclaveSlots: 4, enclaveIdle: 3_600_000 });
for (let round = 0; round < 1000; round++) use();
await stage("hot");

configure({ enclaveSlots: 0 });
await stage("cold");

enclave.close();
await stage("end");
process.exit(0);
