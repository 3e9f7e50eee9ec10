/**
 * What the compiler made of the core: nothing but our own stubs can change the rights
 * of protection keys, and no optimisation leaves a wipe out.
 *
 * @module
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { library } from "../../src/native/library.ts";
import { ROOT } from "../support/child.ts";
import { readElf } from "../support/elf.ts";
import {
  buildNamed,
  callsTo,
  codeOf,
  MODES,
  rightsChanges,
  withoutDisassembler,
} from "../support/machine_code.ts";
import { withFolder, withoutZig, zigPath } from "../support/native.ts";
import { unless } from "../support/skip.ts";

const SHIPPED = join(ROOT, "lib/linux-x86_64/libsecurememory.so");

/** The one function of zig/os/linux_pkey.zig that has the instruction. */
const STUB = "os.linux_pkey.write_pkru";

const notHere = withoutZig !== false ? withoutZig : unless(
  "x86_64",
  process.arch === "x64" && existsSync(SHIPPED),
  "the library for Linux on x86_64 is not what runs here",
);
const options = { skip: notHere, timeout: 300_000 };

/** The core's own sources as Linux has them, without its tests. */
const sources = readdirSync(join(ROOT, "zig"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".zig") && !/(?:_test|tests|darwin|windows)\.zig$/.test(path))
  .map((path) => ({
    path,
    text: readFileSync(join(ROOT, "zig", path), "utf8")
      .replaceAll(/\/\/.*$/gm, "")
      .replaceAll(/^test [^]*?^\}/gm, ""),
  }));

test("the search finds WRPKRU and XRSTOR at any byte, and takes LFENCE for neither", () => {
  const bytes = Uint8Array.from([
    ...[0x90, 0x0f, 0x01, 0xef], // wrpkru
    ...[0xb8, 0x0f, 0x01, 0xef, 0x00], // mov $0xef010f, %eax: a WRPKRU for who jumps into it
    ...[0x48, 0x0f, 0xae, 0x2f], // xrstor64 (%rdi)
    ...[0x0f, 0xae, 0x6d, 0x10], // xrstor 0x10(%rbp)
    ...[0x0f, 0xae, 0xe8], // lfence
    ...[0x0f, 0xae, 0x27, 0x0f, 0x01, 0xee], // xsave (%rdi), rdpkru
    ...[0x0f, 0x01], // cut off
  ]);
  assert.deepEqual(rightsChanges(bytes), { wrpkru: [1, 5], xrstor: [10, 13] });
});

test(
  "one function alone can change the rights to protection keys",
  options,
  () =>
    withFolder((folder) => {
      const named = buildNamed(ROOT, "safe", folder);
      const shipped = codeOf(SHIPPED);
      // Then what is found in the one with names is what is in the one that ships. Not byte for byte:
      // names move what the code reads, and with it the distances in the code.
      const shape = (code: typeof shipped) =>
        code.map(({ address, bytes }) => [address, bytes.length, rightsChanges(bytes)]);
      assert.deepEqual(shape(shipped), shape(codeOf(named)), "The library is not of these sources");
      const { functions } = readElf(named);
      assert.ok(functions.some(({ name }) => name === "securememory_open"), "no names to go by");

      const holders: string[] = [];
      for (const { address, bytes } of shipped) {
        const { wrpkru, xrstor } = rightsChanges(bytes);
        assert.deepEqual(xrstor, [], "XRSTOR can load the rights of protection keys");
        for (const at of wrpkru) {
          const place = address + at;
          const holder = functions.find((one) =>
            one.address <= place && place + 3 <= one.address + one.size
          );
          holders.push(holder?.name ?? "between two functions");
        }
      }
      assert.deepEqual(holders, [STUB], "WRPKRU stands in one place, and that is the stub");
      return Promise.resolve();
    }),
);

test("on other systems nothing changes those rights", { skip: notHere }, () => {
  const others = ["macos-x86_64/libsecurememory.dylib", "windows-x86_64/securememory.dll"]
    .map((name) => join(ROOT, "lib", name)).filter((path) => existsSync(path));
  for (const path of others) assert.deepEqual(rightsChanges(readFileSync(path)).wrpkru, [], path);
});

/** `How` of tests/native/wiping.zig. */
const WIPED = 0;
const MEMSET = 1;
const UNTOUCHED = 2;
const SIZE = 512;

for (const mode of MODES) {
  test(
    `a wiped buffer is empty after its function, where a memset was left out (${mode})`,
    options,
    () =>
      withFolder((folder) => {
        const path = join(folder, "wiping.so");
        execFileSync(zigPath(), [
          ...["build-lib", "-dynamic", "-O", mode, "-fstrip", "-target", "native-linux-none"],
          ...["--cache-dir", join(ROOT, ".zig-cache"), "--name", "wiping", `-femit-bin=${path}`],
          ...["--dep", "wipe", `-Mroot=${join(ROOT, "tests/native/wiping.zig")}`],
          `-Mwipe=${join(ROOT, "zig/wipe.zig")}`,
        ], { stdio: ["ignore", "ignore", "pipe"] });
        const { securememory_left_behind: leftBehind } = library().runtime.load(path, {
          securememory_left_behind: { parameters: ["u32", "u32"], result: "u32" },
        });
        // The controls: the content can be found, and the optimiser does remove dead stores.
        assert.equal(leftBehind(UNTOUCHED, 0xa7), SIZE);
        assert.equal(leftBehind(MEMSET, 0xa7), SIZE, "The optimiser kept it: this proves nothing");
        assert.equal(leftBehind(WIPED, 0xa7), 0);
        return Promise.resolve();
      }),
  );
}

/** Calls of `wipe` in the core's sources. */
const wipes = sources.filter(({ text }) => text.includes('@import("wipe.zig").wipe'))
  .flatMap(({ text }) => text.match(/(?<![\w.])wipe\(/g) ?? []).length;

/** A copy of the core whose `wipe` does nothing. */
function withoutWiping(folder: string): string {
  for (const name of ["zig", "build.zig", "build.zig.zon"]) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  const path = join(folder, "zig/wipe.zig");
  const text = readFileSync(path, "utf8");
  const emptied = text.replace("std.crypto.secureZero(u8, bytes);", "");
  assert.notEqual(text, emptied);
  writeFileSync(path, emptied);
  return folder;
}

for (const mode of MODES) {
  test(`every wipe of the core is in its machine code (${mode})`, {
    ...options,
    skip: notHere !== false ? notHere : withoutDisassembler,
  }, () =>
    withFolder(async (folder) => {
      const calls = callsTo(buildNamed(ROOT, mode, folder), /memset/i);
      await withFolder((other) => {
        const control = callsTo(buildNamed(withoutWiping(other), mode, other), /memset/i);
        const count = (of: Map<string, number>) =>
          [...of.values()].reduce((sum, one) => sum + one, 0);
        const difference = count(calls) - count(control);
        assert.ok(wipes > 0, "The sources call wipe under another name");
        // A function that is inlined twice wipes in two places: there may be more, never fewer.
        assert.ok(
          difference >= wipes,
          `${difference} places that wipe, from ${wipes} in the sources: ${[...calls.keys()]}`,
        );
        return Promise.resolve();
      });
    }));
}
