/**
 * Runs a command in an emulated machine with protection keys, `memfd_secret` and `mseal`,
 * whatever this host has:
 *
 *     node scripts/emulated.mjs [options] -- command [argument...]
 *
 *     --memory MB        of the machine; 3072 unless told
 *     --cpus N           2 unless told
 *     --cpu MODEL        of QEMU; max unless told (see `-cpu help` there)
 *     --append "..."     more for the kernel's command line
 *     --timeout S        ends it after so many seconds, with status 124
 *     --out FOLDER       where files that the command leaves in /out go
 *     --icount           counts instructions: see below
 *     --verbose          prints the kernel's console, too
 *
 * The command runs as root in /project, a copy of this project as it is built now, with
 * bun, deno and node on its path. Its output comes as it is written, its exit status is
 * this script's, and what it changes is gone afterwards. 125 means that there was no
 * machine, or that it ended without a status; the last lines of its console say why.
 *
 * The first start takes half a minute: it downloads Debian packages and makes a disk, in
 * `.tools/emulated` or where SECUREMEMORY_EMULATED says. Nothing is installed, and root is
 * not needed; apt, dpkg-deb and Debian's keyring are. Later starts take three seconds.
 *
 * With --icount, the clock of the machine goes on by one nanosecond with each instruction,
 * of the kernel and of programs: `performance.now()`, `process.hrtime()` and RDTSC count
 * instructions, whatever else runs here. Tried on a loop of 2 n instructions between two
 * RDTSC: 2 n + 3 for n from 1,000 to 1,000,000; the two calls of clock_gettime around it
 * add 73. The timer's interrupt adds 3,400 to 30,000 in every 4,000,000, so that the best
 * or the median of samples that are much shorter than that is free of it. One CPU only.
 */
import { parseArgs } from "node:util";
import { emulate } from "./emulated/machine.mjs";
import { Unavailable } from "./emulated/packages.mjs";

const text = { type: "string" };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ memory: text, cpus: text, cpu: text, append: text, timeout: text, out: text },
    ...{ icount: { type: "boolean" }, verbose: { type: "boolean" } },
  },
});
if (positionals.length === 0) {
  console.error("usage: node scripts/emulated.mjs [options] -- command [argument...]");
  process.exit(2);
}
try {
  process.exitCode = await emulate(positionals, values);
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  console.error(`emulated: cannot make the machine: ${error.message}`);
  process.exitCode = 125;
}
