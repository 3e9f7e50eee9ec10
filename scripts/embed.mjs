/**
 * Writes what the package knows of its native libraries, from the files in `lib`:
 *
 *     src/native/hashes.ts       the SHA-256 of each, which is committed: whoever builds
 *                                them again can compare
 *     src/native/embedded/*.ts   the bytes of each, for where no file can be
 *
 *     node scripts/embed.mjs            of all six targets
 *     node scripts/embed.mjs --host     of this host's; the rest stays as it is
 *     node scripts/embed.mjs --check    writes nothing; fails if anything would change
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import { parseArgs } from "node:util";
import { ROOT } from "./toolchain.mjs";

const flag = { type: "boolean", default: false };
const { values: options } = parseArgs({ options: { host: flag, check: flag } });

const FILES = {
  linux: "libsecurememory.so",
  macos: "libsecurememory.dylib",
  windows: "securememory.dll",
};
const OS = { linux: "linux", darwin: "macos", win32: "windows" }[process.platform];
const ARCH = { x64: "x86_64", arm64: "aarch64" }[process.arch];

const TARGETS = Object.keys(FILES).flatMap((os) =>
  ["x86_64", "aarch64"].map((arch) => ({ name: `${os}-${arch}`, os, arch }))
);
const TABLE = `${ROOT}src/native/hashes.ts`;

/** The hashes as the table has them now. */
function known() {
  if (!existsSync(TABLE)) return {};
  const rows = readFileSync(TABLE, "utf8").matchAll(/"(\w+-\w+)":\s*"([0-9a-f]{64})"/g);
  return Object.fromEntries([...rows].map(([, name, hash]) => [name, hash]));
}

let changed = false;

function put(path, text) {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  changed = true;
  if (options.check) console.error(`embed: ${path.slice(ROOT.length)} is not what lib makes it`);
  else writeFileSync(path, text);
}

const hashes = known();
mkdirSync(`${ROOT}src/native/embedded`, { recursive: true });
for (const { name, os, arch } of TARGETS) {
  if (options.host && !(os === OS && arch === ARCH)) continue;
  const bytes = readFileSync(`${ROOT}lib/${name}/${FILES[os]}`);
  hashes[name] = createHash("sha256").update(bytes).digest("hex");
  const text = deflateSync(bytes, { level: 9 }).toString("base64");
  put(
    `${ROOT}src/native/embedded/${os}_${arch}.ts`,
    `/** The native library for ${os} on ${arch}. Written by scripts/embed.mjs. @module */\n` +
      `/** Base64 of zlib's format (RFC 1950). */\n` +
      `export const library: string =\n  "${text}";\n`,
  );
}
put(
  TABLE,
  `/**
 * The SHA-256 of each native library. Written by scripts/embed.mjs; building the libraries
 * again, anywhere, has to give the same.
 *
 * @module
 */

/** By operating system and processor. */
export const HASHES: { readonly [target: string]: string } = {
${TARGETS.map(({ name }) => `  "${name}": "${hashes[name]}",`).join("\n")}
};
`,
);
if (options.check && changed) process.exit(1);
