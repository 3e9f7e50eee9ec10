/**
 * Writes the parts of README.md that come from data of the tests: `npm run readme`.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { command, ROOT } from "./toolchain.mjs";

const [program, ...args] = command("bun", `${ROOT}tests/proof/support/write_readme.ts`);
process.exit(spawnSync(program, args, { stdio: "inherit" }).status ?? 1);
