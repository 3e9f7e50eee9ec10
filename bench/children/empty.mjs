/** What the runtime's own start costs: processor time of this process, in milliseconds. */
const { user, system } = process.cpuUsage();
console.log((user + system) / 1000);
