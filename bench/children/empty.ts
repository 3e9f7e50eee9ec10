/** What the runtime's own start costs: processor time of this process, in milliseconds. */
import process from "node:process";

const { user, system } = process.cpuUsage();
console.log((user + system) / 1000);
