/**
 * Keeps a view of a secret and reads it outside its window, which has to end the process.
 *
 * @module
 */
import { Secret } from "../../../mod.ts";

const key = Secret.from(new Uint8Array(32).fill(0x5a), { label: "stray" });
let kept: Readonly<Uint8Array> = new Uint8Array();
key.withBytes((view) => {
  kept = view;
});
console.log("before");
console.log(`read ${kept[5]}`);
