/**
 * The libraries of all six targets, as files: how large they are, what they export and
 * need, and what the loaders of macOS and Windows insist on.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CRYPTO_SYMBOLS } from "../src/native/crypto_symbols.ts";
import { EXTRA_START, EXTRA_SYMBOLS } from "../src/native/extra_symbols.ts";
import { SYMBOLS } from "../src/native/symbols.ts";
import { ROOT } from "./support/child.ts";
import { withoutZig } from "./support/native.ts";
import { leftIn, unstripped } from "./support/stripped.ts";
import { readElf } from "./support/elf.ts";
import {
  CS_ADHOC,
  EXECUTE,
  type Macho,
  parseMacho,
  READ,
  readMacho,
  S_ZEROFILL,
  WRITE,
} from "./support/macho.ts";
import {
  DEBUG_REPRO,
  DYNAMIC_BASE,
  HIGH_ENTROPY_VA,
  IMAGE_FILE_DLL,
  NX_COMPAT,
  readPe,
  SCN_EXECUTE,
  SCN_WRITE,
} from "./support/pe.ts";
import { unless } from "./support/skip.ts";

const ARCHITECTURES = ["x86_64", "aarch64"] as const;
const paths = (os: string, name: string) =>
  ARCHITECTURES.map((arch) => ({ arch, path: join(ROOT, "lib", `${os}-${arch}`, name) }));
const LINUX = paths("linux", "libsecurememory.so");
const MACOS = paths("macos", "libsecurememory.dylib");
const WINDOWS = paths("windows", "securememory.dll");
const ALL = [...LINUX, ...MACOS, ...WINDOWS];
/** The second library of each target. */
const CRYPTO = [
  ...paths("linux", "libsecurememory-crypto.so"),
  ...paths("macos", "libsecurememory-crypto.dylib"),
  ...paths("windows", "securememory-crypto.dll"),
];

/** The third one: what not every program needs of the core. */
const EXTRA = [
  ...paths("linux", "libsecurememory-extra.so"),
  ...paths("macos", "libsecurememory-extra.dylib"),
  ...paths("windows", "securememory-extra.dll"),
];

const options = {
  skip: unless(
    "targets",
    [...ALL, ...CRYPTO, ...EXTRA].every(({ path }) => existsSync(path)),
    "the libraries of the other targets are not built; zig build targets does it",
  ),
};
// The last one is what Node-API looks for in a module: zig/node_api.zig.
const wanted = [...Object.keys(SYMBOLS), "napi_register_module_v1"].sort();

test("each library of each target is smaller than 64 KiB", options, () => {
  assert.equal(ALL.length + CRYPTO.length + EXTRA.length, 18);
  for (const { path } of [...ALL, ...CRYPTO, ...EXTRA]) {
    const bytes = statSync(path).size;
    assert.ok(bytes > 16_384, `${path} has ${bytes} bytes`);
    assert.ok(bytes < 65_536, `${path} has ${bytes} bytes`);
  }
});

test("each library of each target is stripped", {
  skip: options.skip || withoutZig,
}, async () => {
  for (const { path } of [...ALL, ...CRYPTO, ...EXTRA]) {
    const { names, debugging } = leftIn(readFileSync(path));
    assert.deepEqual([names, debugging], [0, false], path);
  }
  // Control: one of each kind that was not stripped.
  for (const target of ["x86_64-linux", "x86_64-macos", "x86_64-windows"]) {
    const { names, debugging } = leftIn(await unstripped(target));
    assert.ok(names > 0 || debugging, target);
  }
});

test("no library says where it was built", options, () => {
  const has = (bytes: Uint8Array, text: string) => Buffer.from(bytes).includes(text);
  assert.ok(has(readFileSync(join(ROOT, "zig/exports.zig")), "securememory_create"), "control");
  for (const { path } of [...ALL, ...CRYPTO, ...EXTRA]) {
    const file = readFileSync(path);
    const name = CRYPTO.some((crypto) => crypto.path === path) ? "crypto_hmac" : "create";
    assert.ok(has(file, `securememory_${name}`), `${path}: not a name in it is found`);
    for (const strange of [ROOT.replace(/\/$/, ""), ".zig-cache", "exports.zig", ".pdb"]) {
      assert.equal(has(file, strange), false, `${path} has "${strange}"`);
    }
  }
});

test(
  "the other libraries are of their architecture, export their table, and need no more",
  options,
  () => {
    const tables = [
      ...CRYPTO.map((library) => ({ ...library, symbols: { ...CRYPTO_SYMBOLS } })),
      ...EXTRA.map((library) => ({ ...library, symbols: { ...EXTRA_START, ...EXTRA_SYMBOLS } })),
    ];
    for (const { arch, path, symbols } of tables) {
      const table = Object.keys(symbols).sort();
      if (path.endsWith(".so")) {
        assert.equal(readFileSync(path).readUInt16LE(18), arch === "x86_64" ? 62 : 183, path);
      } else if (path.endsWith(".dylib")) {
        const library = readMacho(path);
        assert.equal(library.architecture, arch, path);
        const exported = library.exports.filter((name) => name.startsWith("_securememory"));
        assert.deepEqual([...exported].sort(), table.map((name) => `_${name}`), path);
        assert.deepEqual(library.needed, ["/usr/lib/libSystem.B.dylib"], path);
      } else {
        assert.deepEqual([...readPe(path).exports].sort(), table, path);
      }
    }
  },
);

test("both libraries for Linux are of their architecture", options, () => {
  for (const { arch, path } of LINUX) {
    assert.equal(readFileSync(path).readUInt16LE(18), arch === "x86_64" ? 62 : 183, path);
    assert.deepEqual(readElf(path).needed, []);
  }
});

test("both libraries for macOS export the table, and need libSystem alone", options, () => {
  for (const { arch, path } of MACOS) {
    const library = readMacho(path);
    assert.equal(library.architecture, arch);
    // Zig's linker exports two names for the header, whatever it is told.
    const header = ["___dso_handle", "__mh_dylib_header"];
    const all = [...header, ...wanted.map((name) => `_${name}`)];
    assert.deepEqual([...library.exports].sort(), all, path);
    assert.deepEqual(library.needed, ["/usr/lib/libSystem.B.dylib"], path);
    assert.ok(library.undefined.includes("_mmap"), path);
  }
});

test("macOS's loader finds segments in order, and none writable and executable", options, () => {
  for (const { path } of MACOS) {
    const { file, segments } = readMacho(path);
    const names = segments.map(({ name }) => name);
    assert.deepEqual(names, ["__TEXT", "__DATA_CONST", "__DATA", "__LINKEDIT"]);
    const protections = segments.map(({ protection }) => protection);
    assert.deepEqual(protections, [READ | EXECUTE, READ | WRITE, READ | WRITE, READ]);
    assert.equal(segments[0]?.offset, 0, path);
    assert.equal(lastEnd(segments), file.length, `${path}: something is behind the last segment`);
    segments.forEach((segment, index) => {
      const next = segments[index + 1];
      if (next !== undefined) {
        assert.ok(segment.offset + segment.fileBytes <= next.offset, `${path}: ${segment.name}`);
        assert.ok(segment.address + segment.memoryBytes <= next.address, `${path}: ${next.name}`);
      }
      assert.ok(segment.fileBytes <= segment.memoryBytes, `${path}: ${segment.name}`);
      for (const section of segment.sections) {
        const end = segment.address + segment.memoryBytes;
        assert.ok(section.address >= segment.address && section.address + section.bytes <= end);
        if (section.type === S_ZEROFILL) continue;
        const fileEnd = segment.offset + segment.fileBytes;
        assert.ok(section.offset >= segment.offset && section.offset + section.bytes <= fileEnd);
      }
    });
  }
});

function lastEnd(segments: Macho["segments"]): number {
  return Math.max(...segments.map(({ offset, fileBytes }) => offset + fileBytes));
}

test("segments of the library for Apple silicon start at pages of 16 KiB", options, () => {
  const { segments } = readMacho(MACOS[1]?.path as string);
  for (const { name, address, offset } of segments) {
    assert.equal(address % 16_384, 0, name);
    assert.equal(offset % 16_384, 0, name);
  }
});

test("macOS's loader writes each pointer that a call goes through", options, () => {
  for (const { arch, path } of MACOS) {
    const library = readMacho(path);
    const binds = [...library.binds, ...library.lazyBinds];
    for (const { segment, address, symbol, library: from } of binds) {
      const { name, protection, memoryBytes, address: start } = library.segments[segment] ?? {
        name: "none",
        protection: 0,
        memoryBytes: 0,
        address: 0,
      };
      assert.equal(protection, READ | WRITE, `${path}: ${symbol} is written to ${name}`);
      assert.ok(address >= start && address + 8 <= start + memoryBytes, `${path}: ${symbol}`);
      assert.equal(from, 1, `${path}: ${symbol} is not of libSystem`);
      assert.ok(library.undefined.includes(symbol), `${path}: ${symbol}`);
    }
    const written = new Set(binds.map(({ address }) => address));
    assert.equal(written.size, binds.length, `${path}: a pointer is written twice`);
    const called = arch === "aarch64" ? stubsOfArm(library) : stubsOfIntel(library);
    assert.ok(called.length > 20, `${path}: ${called.length} stubs were found`);
    for (const address of called) assert.ok(written.has(address), `${path}: ${address}`);
  }
});

function stubBytes(library: Macho): { view: DataView; address: number; bytes: number } {
  const stubs = library.segments[0]?.sections.find(({ name }) => name === "__stubs");
  assert.ok(stubs !== undefined, "There is no section of stubs");
  const { file } = library;
  return { ...stubs, view: new DataView(file.buffer, file.byteOffset + stubs.offset) };
}

/** Where `adrp x16, page; ldr x16, [x16, offset]; br x16` find the address to go to. */
function stubsOfArm(library: Macho): number[] {
  const { view, address, bytes } = stubBytes(library);
  return Array.from({ length: bytes / 12 }, (_, index) => {
    const [adrp, ldr, br] = [0, 4, 8].map((at) => view.getUint32(index * 12 + at, true));
    assert.equal((adrp as number) >>> 0 & 0x9f00001f, 0x90000010 & 0x9f00001f);
    assert.equal(((ldr as number) & 0xffc003ff) >>> 0, 0xf9400210);
    assert.equal(br, 0xd61f0200);
    const pages = ((adrp as number) >>> 5 & 0x7ffff) * 4 + ((adrp as number) >>> 29 & 3);
    const here = Math.floor((address + index * 12) / 4096);
    return (here + pages) * 4096 + ((ldr as number) >>> 10 & 0xfff) * 8;
  });
}

/** Where `jmp *offset(%rip)` does. */
function stubsOfIntel(library: Macho): number[] {
  const { view, address, bytes } = stubBytes(library);
  return Array.from({ length: bytes / 6 }, (_, index) => {
    assert.equal(view.getUint16(index * 6, true), 0x25ff);
    return address + (index + 1) * 6 + view.getInt32(index * 6 + 2, true);
  });
}

test("the library for Apple silicon is signed, as its kernel demands of code", options, () => {
  const path = MACOS[1]?.path as string;
  const { file, signature } = readMacho(path);
  assert.ok(signature !== undefined, "It has no signature");
  assert.equal(signature.flags & CS_ADHOC, CS_ADHOC);
  assert.equal(signature.limit, signature.start, "Not everything before the signature is signed");
  assert.deepEqual(signature.wrongPages, []);
  // And a change of any page would be seen.
  for (let page = 0; page < signature.pages; page += 1) {
    const changed = Uint8Array.from(file);
    const at = Math.min(page * 16_384 + 5_000, signature.limit - 1);
    changed[at] = (changed[at] as number) ^ 1;
    if (page === 0) changed[at] = (file[at] as number) ^ 0x80;
    assert.deepEqual(parseMacho(changed).signature?.wrongPages, [page]);
  }
});

test(
  "both libraries for Windows export the table, and import three system libraries",
  options,
  () => {
    for (const { arch, path } of WINDOWS) {
      const library = readPe(path);
      assert.equal(library.architecture, arch);
      assert.deepEqual([...library.exports].sort(), wanted, path);
      assert.deepEqual(
        [...library.imports.keys()].sort(),
        ["bcryptprimitives.dll", "crypt32.dll", "kernel32.dll"],
        path,
      );
      assert.ok(library.imports.get("kernel32.dll")?.includes("VirtualLock"), path);
    }
  },
);

test(
  "both libraries for Windows can be loaded anywhere, and no page is writable code",
  options,
  () => {
    for (const { path } of WINDOWS) {
      const { flags, dllFlags, sections, debug } = readPe(path);
      assert.notEqual(flags & IMAGE_FILE_DLL, 0, path);
      const all = HIGH_ENTROPY_VA | DYNAMIC_BASE | NX_COMPAT;
      assert.equal(dllFlags & all, all, path);
      assert.ok(sections.some(({ flags }) => (flags & SCN_EXECUTE) !== 0), path);
      for (const { name, flags } of sections) {
        assert.ok((flags & SCN_EXECUTE) === 0 || (flags & SCN_WRITE) === 0, `${path}: ${name}`);
      }
      // Its time stamp is a hash of the file.
      assert.deepEqual(debug, [DEBUG_REPRO], path);
    }
  },
);
