/** As first.ts, from the JavaScript that bench/bundle.ts has made: what users get from npm. */
import { Secret } from "../results/package/dist/mod.js";

using _secret = Secret.random(32);
const { user, system } = process.cpuUsage();
console.log((user + system) / 1000);
