/**
 * Writes what the package knows of its native libraries, from the files in `lib`:
 *
 *     src/native/hashes.ts       the SHA-256 of each, which is committed: whoever builds
 *                                them again can compare
 *     src/native/embedded/*.ts   the bytes of each, for where no file can be
 *     src/edge/hash.ts           the SHA-256 of the edge's module, and its bytes in
 *     src/native/embedded/wasm.ts
 *
 *     node scripts/embed.mjs            of all six targets
 *     node scripts/embed.mjs --host     of this host's; the rest stays as it is
 *     node scripts/embed.mjs --check    writes nothing; fails if anything would change
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import { parseArgs } from "node:util";
import { brotli } from "./brotli.mjs";
import { LIBRARIES, PARTS, TARGETS, WASM } from "./libraries.mjs";
import { printable } from "./printable.mjs";
import { ROOT } from "./toolchain.mjs";

const flag = { type: "boolean", default: false };
const { values: options } = parseArgs({ options: { host: flag, check: flag } });

const OS = { linux: "linux", darwin: "macos", win32: "windows" }[process.platform];
const ARCH = { x64: "x86_64", arm64: "aarch64" }[process.arch];
const TABLE = `${ROOT}src/native/hashes.ts`;

/** How each library's bytes are packed: see src/native/embedded.ts. */
const FORMATS = {
  core: { name: "zlib's format (RFC 1950)", pack: (bytes) => deflateSync(bytes, { level: 9 }) },
  crypto: { name: "Brotli's format (RFC 7932)", pack: brotli },
  extra: { name: "Brotli's format (RFC 7932)", pack: brotli },
};

/** The hashes as the table has them now. */
function known() {
  const text = existsSync(TABLE) ? readFileSync(TABLE, "utf8") : "";
  return Object.fromEntries(PARTS.map((part) => {
    const [, rows = ""] = new RegExp(`^  ${part}: \\{$([^}]*)`, "m").exec(text) ?? [];
    const found = [...rows.matchAll(/"(\w+-\w+)":\s*"([0-9a-f]{64})"/g)];
    return [part, Object.fromEntries(found.map(([, name, hash]) => [name, hash]))];
  }));
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
for (const { part, target: { name, os, arch }, path, embedded } of LIBRARIES) {
  if (options.host && !(os === OS && arch === ARCH)) continue;
  const bytes = readFileSync(`${ROOT}${path}`);
  hashes[part][name] = createHash("sha256").update(bytes).digest("hex");
  const format = FORMATS[part];
  put(
    `${ROOT}src/native/embedded/${embedded}.ts`,
    `/** The native library "${part}" for ${os} on ${arch}. Written by scripts/embed.mjs. @module */\n` +
      `/** Base64 of ${format.name}. */\n` +
      `export const library: string =\n  "${format.pack(bytes).toString("base64")}";\n`,
  );
}

const rowsOf = (part) =>
  TARGETS.map(({ name }) => `    "${name}": "${hashes[part][name] ?? ""}",`).join("\n");
put(
  TABLE,
  `/**
 * The SHA-256 of each native library. Written by scripts/embed.mjs; building the libraries
 * again, anywhere, has to give the same.
 *
 * @module
 */
import type { Part } from "./part.ts";

/** By library, operating system and processor. */
export const HASHES: Readonly<Record<Part["name"], { readonly [target: string]: string }>> = {
${PARTS.map((part) => `  ${part}: {\n${rowsOf(part)}\n  },`).join("\n")}
};
`,
);
const wasm = readFileSync(`${ROOT}${WASM}`);
const { text, order } = printable(wasm);
put(
  `${ROOT}src/native/embedded/wasm.ts`,
  `/** The edge's WebAssembly module. Written by scripts/embed.mjs. @module */\n` +
    `/** The module as it is, in the characters of scripts/printable.mjs. */\n` +
    `export const library: string =\n  "${text}";\n` +
    `/** The byte that each of them stands for, in hexadecimal. */\n` +
    `export const order: string =\n  "${Buffer.from(order).toString("hex")}";\n`,
);
put(
  `${ROOT}src/edge/hash.ts`,
  `/**
 * The SHA-256 of the WebAssembly module. Written by scripts/embed.mjs; building the module again,
 * anywhere, has to give the same.
 *
 * @module
 */

/** In hexadecimal. */
export const WASM_HASH = "${createHash("sha256").update(wasm).digest("hex")}";
`,
);
if (options.check && changed) process.exit(1);
