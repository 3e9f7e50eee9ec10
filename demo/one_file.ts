/**
 * The demo as an executable of one file, which starts itself in the place of its scripts:
 *
 *     bun build --compile demo/one_file.ts --outfile=demo-app
 *     ./demo-app KEY_FILE
 *
 * @module
 */
import process from "node:process";

/** Such a script is what the first argument names: see `start`. */
async function script(name: string | undefined): Promise<boolean> {
  switch (name) {
    case "observer.ts":
    case "sender.ts":
    case "stray.ts":
      process.argv.splice(2, 1);
      break;
    default:
      return false;
  }
  // Literal specifiers: a bundler has to see them.
  if (name === "observer.ts") await import("./observer.ts");
  else if (name === "sender.ts") await import("./sender.ts");
  else await import("./stray.ts");
  return true;
}

if (!await script(process.argv[2])) await import("./main.ts");
