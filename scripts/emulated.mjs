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
 *     --verbose          prints the kernel's console, too
 *
 * The command runs as root in /project, a copy of this project as it is built now, with
 * bun, deno and node on its path. Its output comes as it is written, its exit status is
 * this script's, and what it changes is gone afterwards.
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
