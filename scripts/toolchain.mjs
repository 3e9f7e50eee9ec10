/**
 * Where the tools are: from the machine if it has the right version, else from the
 * folders that setup.mjs filled. Plain JavaScript, since it runs on any Node.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const ZIG_VERSION = "0.17.0";
export const NODE_MAJOR = 26;
export const ACTIONLINT_VERSION = "1.7.12";

const TOOLCHAIN = `${ROOT}scripts/toolchain`;
const exe = process.platform === "win32" ? ".exe" : "";

/** What a program prints to standard output, or undefined if it cannot be run. */
export function ask(program, ...args) {
  try {
    return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .trim();
  } catch {
    return undefined;
  }
}

/** The first program of a list that passes a test. */
function first(candidates, fits) {
  return candidates.find((path) => path !== undefined && fits(path));
}

/** Node 26: the one that runs this, one from PATH, or the one that setup installed. */
export function findNode() {
  const fits = (path) => Number.parseInt((ask(path, "--version") ?? "v0").slice(1)) >= NODE_MAJOR;
  const os = { linux: "linux", darwin: "darwin", win32: "win" }[process.platform];
  const installed = `${TOOLCHAIN}/node_modules/node-${os}-${process.arch}/bin/node${exe}`;
  return first([process.execPath, "node", existsSync(installed) ? installed : undefined], fits);
}

/** Bun of the locked version, wherever npm has put the binary. */
export function findBun() {
  const modules = `${ROOT}node_modules`;
  return first(
    [`${modules}/bun/bin/bun.exe`, `${modules}/@oven/bun-linux-x64/bin/bun`, `${modules}/.bin/bun`],
    (path) => existsSync(path) && ask(path, "--version") !== undefined,
  );
}

/** Deno of the locked version. */
export function findDeno() {
  const modules = `${ROOT}node_modules`;
  return first(
    [`${modules}/deno/deno${exe}`, `${modules}/@deno/linux-x64-glibc/deno`, `${modules}/.bin/deno`],
    (path) => existsSync(path) && ask(path, "--version") !== undefined,
  );
}

/** Zig of exactly our version, from PATH or from the wheel. */
export function findZig() {
  const wheel = `${ROOT}.tools/zig/ziglang/zig${exe}`;
  return first(
    ["zig", existsSync(wheel) ? wheel : undefined],
    (path) => ask(path, "version") === ZIG_VERSION,
  );
}

/** The checker of GitHub's workflows, from PATH or as setup built it; it is optional. */
export function findActionlint() {
  const built = `${ROOT}.tools/actionlint/actionlint${exe}`;
  return first(
    ["actionlint", existsSync(built) ? built : undefined],
    (path) => ask(path, "--version") !== undefined,
  );
}

/** The command that runs a TypeScript file on a runtime. */
export function command(runtime, ...args) {
  switch (runtime) {
    case "bun":
      return [findBun(), ...args];
    case "deno":
      return [findDeno(), "run", "-A", "--quiet", ...args];
    case "node":
      return [findNode(), "--disable-warning=ExperimentalWarning", ...args];
    default:
      throw new RangeError(`There is no runtime "${runtime}": bun, deno or node`);
  }
}
