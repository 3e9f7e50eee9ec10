/**
 * Makes a fresh clone ready: the packages from npm, Node 26, Zig, and the native
 * library. Does only what is missing; a second run takes a second.
 *
 *     node scripts/setup.mjs          what this host needs
 *     node scripts/setup.mjs --all    the libraries of all six targets as well
 *
 * Needs: Node 20 or later with npm, and Python with pip where Zig is not on PATH.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { HOST_STEPS } from "./libraries.mjs";
import {
  ACTIONLINT_VERSION,
  ask,
  findActionlint,
  findBun,
  findDeno,
  findNode,
  findZig,
  NODE_MAJOR,
  ROOT,
  ZIG_VERSION,
} from "./toolchain.mjs";

const npm = process.platform === "win32" ? "npm.cmd" : "npm";

function run(why, program, args, options = {}) {
  console.error(`setup: ${why}`);
  const { status, error } = spawnSync(program, args, {
    cwd: ROOT,
    stdio: ["ignore", 2, 2],
    ...options,
  });
  if (status === 0) return;
  console.error(`setup: failed: ${program} ${args.join(" ")}${error ? ` (${error.message})` : ""}`);
  process.exit(1);
}

/**
 * What the lock file says, checked by its hashes, unless it is there already. Not
 * `npm ci`: that refuses a lock file that lacks optional packages of other platforms,
 * and not every registry mirror has Deno's.
 */
function installPackages(why, folder) {
  const lock = `${folder}package-lock.json`;
  const stamp = `${folder}node_modules/.securememory-lock`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === readFileSync(lock, "utf8")) return;
  run(why, npm, ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
  });
  copyFileSync(lock, stamp);
}

function installNode() {
  if (findNode() !== undefined) return;
  installPackages(`installing Node ${NODE_MAJOR}`, `${ROOT}scripts/toolchain/`);
}

function installZig() {
  if (findZig() !== undefined) return;
  const requirements = `${ROOT}scripts/toolchain/zig-requirements.txt`;
  const target = `${ROOT}.tools/zig`;
  const python = process.platform === "win32" ? "python" : "python3";
  run(`installing Zig ${ZIG_VERSION}`, python, [
    ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"],
    ...["--require-hashes", "--only-binary=:all:", "--target", target, "-r", requirements],
  ]);
}

/**
 * Where there is Go: npm and pip have it only as a download from elsewhere. Without it a test is
 * skipped, and says so.
 */
function installActionlint() {
  if (findActionlint() !== undefined || ask("go", "version") === undefined) return;
  const module = `github.com/rhysd/actionlint/cmd/actionlint@v${ACTIONLINT_VERSION}`;
  console.error("setup: building actionlint");
  spawnSync("go", ["install", module], {
    stdio: ["ignore", 2, 2],
    env: { ...process.env, GOBIN: `${ROOT}.tools/actionlint`, GOFLAGS: "-mod=mod" },
  });
}

const all = process.argv.includes("--all");
installPackages("installing packages from npm", ROOT);
installNode();
installZig();
if (all) installActionlint();
for (
  const [name, find] of Object.entries({
    Bun: findBun,
    Deno: findDeno,
    Node: findNode,
    Zig: findZig,
  })
) {
  if (find() !== undefined) continue;
  console.error(`setup: ${name} is still missing; see README.md, "From source"`);
  process.exit(1);
}
run("building the native library (the first time takes about two minutes)", findZig(), [
  "build",
  ...HOST_STEPS,
  ...(all ? ["targets"] : []),
]);
run("writing what the package knows of it", process.execPath, [
  `${ROOT}scripts/embed.mjs`,
  ...(all ? [] : ["--host"]),
]);
