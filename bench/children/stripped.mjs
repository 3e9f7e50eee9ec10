/** As first.ts, from JavaScript that bench/strip.ts has made: what users of Node install. */
import { Secret } from "../results/stripped/mod.js";

using _secret = Secret.random(32);
const { user, system } = process.cpuUsage();
console.log((user + system) / 1000);
