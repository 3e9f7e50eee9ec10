/**
 * Makes the npm package: a folder, and the tarball that is published from it.
 *
 *     node scripts/pack.mjs [--out FOLDER] [--repository URL]
 *
 *     --out FOLDER       dist/ unless told: FOLDER/package/ and FOLDER/<name>-<version>.tgz
 *     --repository URL   goes into package.json; provenance on npm needs it to be the
 *                        repository that publishes
 *
 * Builds the native libraries of all targets first, and fails if one of them is not the one whose
 * SHA-256 is committed. The same sources give the same bytes. Prints what is in the
 * tarball, and fails if it is too large.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { LIBRARIES } from "./libraries.mjs";
import { breakdown } from "./pack/breakdown.mjs";
import { bundle } from "./pack/bundle.mjs";
import { declare } from "./pack/declarations.mjs";
import { manifestOf } from "./pack/manifest.mjs";
import { sbom } from "./pack/sbom.mjs";
import { repack } from "./pack/tarball.mjs";
import { findZig, ROOT } from "./toolchain.mjs";

/**
 * More than this, and somebody has to decide what to leave out. Eighteen libraries, each as a file
 * (for npm, and for Deno's --allow-ffi=<path>) and as a module (for bundlers and executables), are
 * five sixths of it, packed already: by gzip and by Brotli. Without any library the rest has 179 KiB, and
 * the eighteen, each once, take 427 at best: a tarball of six targets is never under 400. The limit is
 * what everything comes to, and 5 %.
 */
const LIMIT_KIB = 1200;

const DOCUMENTS = ["README.md", "LICENSE", "SECURITY.md", "CHANGELOG.md"];
const SBOM = "sbom.cdx.json";

const { values: options } = parseArgs({
  options: { out: { type: "string", default: join(ROOT, "dist") }, repository: { type: "string" } },
});

const project = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const entries = [...Object.values(project.exports), ...Object.values(project.bin ?? {})]
  .map((entry) => entry.replace(/^\.\//, ""));

/** A library that nobody has seen built must not be published, nor one that the loader refuses. */
function buildLibraries() {
  const tables = ["src/native/hashes.ts", "src/edge/hash.ts"];
  const contents = () => tables.map((path) => readFileSync(join(ROOT, path), "utf8"));
  const committed = contents();
  execFileSync(findZig(), ["build", "targets"], { cwd: ROOT, stdio: ["ignore", 2, 2] });
  execFileSync(process.execPath, [join(ROOT, "scripts/embed.mjs")], { stdio: ["ignore", 2, 2] });
  const now = contents();
  const changed = tables.filter((_, index) => now[index] !== committed[index]);
  if (changed.length === 0) return;
  throw new Error(
    `Cannot make the package: ${changed.join(" and ")} was not that of the libraries as they are ` +
      "built here; it is now: look at the difference, and commit it",
  );
}

async function fillFolder(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await bundle(entries, join(folder, "dist"));
  declare(Object.values(project.exports).map((entry) => entry.slice(2)), join(folder, "dist"));
  for (const path of [...LIBRARIES.map(({ path }) => path), ...DOCUMENTS]) put(folder, path);
  writeFileSync(join(folder, SBOM), sbom(project));
  const files = ["dist", "lib", ...DOCUMENTS, SBOM];
  const manifest = manifestOf(project, { files, repository: options.repository });
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

function put(folder, path) {
  if (!existsSync(join(ROOT, path))) {
    throw new Error(`Cannot make the package: "${path}" is missing; run: zig build targets`);
  }
  cpSync(join(ROOT, path), join(folder, path));
}

/** Every file alike, whatever the umask and the checkout were; commands can be executed. */
function setModes(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  for (const path of Object.values(bin ?? {})) chmodSync(join(folder, path), 0o755);
}

buildLibraries();
const out = resolve(options.out);
const folder = join(out, "package");
await fillFolder(folder);
setModes(folder);
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const [{ filename, files }] = JSON.parse(execFileSync(
  npm,
  ["pack", "--json", "--ignore-scripts", "--offline", "--pack-destination", out],
  { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
));
const tarball = join(out, filename);
await repack(tarball);
const kib = statSync(tarball).size / 1024;
for (const { path, size } of files) console.log(`${String(size).padStart(8)}  ${path}`);
console.log(`\n${breakdown(folder).join("\n")}`);
console.log(`\n${tarball}: ${files.length} files, ${kib.toFixed(1)} KiB`);
if (kib >= LIMIT_KIB) {
  console.error(`pack: the tarball has ${kib.toFixed(1)} KiB: less than ${LIMIT_KIB} is wanted`);
  process.exitCode = 1;
}
