/**
 * Holds a secret until the process is killed.
 *
 * @module
 */
import { Secret } from "../../../mod.ts";

const key = Secret.random(32);
setInterval(() => key.length, 1000);
console.log("ready");
