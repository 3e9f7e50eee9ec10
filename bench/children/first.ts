/** The same with the library and one secret. */
import process from "node:process";
import { Secret } from "../../mod.ts";

using _secret = Secret.random(32);
const { user, system } = process.cpuUsage();
console.log((user + system) / 1000);
