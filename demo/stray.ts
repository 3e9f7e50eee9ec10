/**
 * The process that dies: it keeps a view past its window and reads from it.
 *
 * @module
 */
import { harden, Secret } from "../mod.ts";

// It is about to crash: no core file of that.
harden();

const key = Secret.random(32, { label: "signing key" });
let kept: Uint8Array = new Uint8Array();
key.withBytes((bytes) => {
  // The mistake that the page is there for.
  kept = bytes;
});

console.log(`status ${key.status().protection}, length ${kept.length}`);
const byte = kept[0];
// Not reached. It would not print the byte either.
console.log(`survived: ${typeof byte}`);
