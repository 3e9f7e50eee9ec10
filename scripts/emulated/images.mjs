/**
 * The disks of the emulated machine. The first holds its user land and the runtimes, and
 * is kept until one of these changes; the second is a copy of the project, made for each
 * start. Both are written to a copy that QEMU throws away.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { ask, findBun, findDeno, findNode, findZig, ROOT } from "../toolchain.mjs";

const HERE = `${ROOT}scripts/emulated/`;
/** Counts what this file does to the first disk. */
const LAYOUT = 2;

function runtimes() {
  const path = (program) =>
    realpathSync(program.includes("/") ? program : ask("which", program) ?? program);
  const [bun, deno, node, zig] = [findBun(), findDeno(), findNode(), findZig()].map(path);
  return { bun, deno, node, zig };
}

function makeDisk(mke2fs, image, folder, megabytes) {
  const { command: [program, ...args], env } = mke2fs;
  rmSync(image, { force: true });
  execFileSync(program, [
    ...[...args, "-q", "-t", "ext4", "-O", "^has_journal,^metadata_csum", "-m", "0"],
    ...["-E", "root_owner=0:0,lazy_itable_init=1", "-d", folder, image, `${megabytes}M`],
  ], { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...env } });
}

/** Puts the user land into the order that programs expect. */
function completeRoot(root) {
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    rmSync(join(root, name), { recursive: true, force: true });
    symlinkSync(`usr/${name}`, join(root, name));
  }
  for (const name of ["doc", "man", "locale", "info", "bash-completion"]) {
    rmSync(join(root, "usr/share", name), { recursive: true, force: true });
  }
  for (const name of ["proc", "sys", "dev", "run", "tmp", "root", "project", "out"]) {
    mkdirSync(join(root, name), { recursive: true });
  }
  const busybox = join(root, "usr/bin/busybox");
  for (const name of execFileSync(busybox, ["--list"], { encoding: "utf8" }).trim().split("\n")) {
    const path = join(root, "usr/bin", name);
    if (!existsSync(path) && !existsSync(join(root, "usr/sbin", name))) {
      symlinkSync("busybox", path);
    }
  }
  const users = ["root:x:0:0:root:/root:/bin/sh", "nobody:x:65534:65534::/nonexistent:/bin/false"];
  writeFileSync(join(root, "etc/passwd"), `${users.join("\n")}\n`);
  writeFileSync(join(root, "etc/group"), "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n");
  writeFileSync(join(root, "etc/hosts"), "127.0.0.1 localhost emulated\n::1 localhost\n");
}

/** Packages from npm that are not runtimes or compilers. */
function copyModules(root) {
  const from = realpathSync(`${ROOT}node_modules`);
  const to = join(root, "opt/node_modules");
  const left = new Set(["bun", "deno", "@oven", "typescript", "@typescript"]);
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (left.has(name) || name.startsWith(".")) continue;
    cpSync(join(from, name), join(to, name), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !/\/@deno\/(linux|darwin|win32)/.test(path),
    });
  }
  // Where scripts/toolchain.mjs looks.
  mkdirSync(join(to, "bun/bin"), { recursive: true });
  symlinkSync("/usr/local/bin/bun", join(to, "bun/bin/bun.exe"));
  mkdirSync(join(to, "deno"), { recursive: true });
  symlinkSync("/usr/local/bin/deno", join(to, "deno/deno"));
}

/** Zig is a program with a folder beside it. */
function copyZig(program, root, link) {
  const to = join(root, "opt/zig");
  mkdirSync(to);
  copyFileSync(program, join(to, "zig"));
  cpSync(join(dirname(program), "lib"), join(to, "lib"), { recursive: true });
  symlinkSync("/opt/zig/zig", link);
}

/** The first disk: the path of its image. */
export function systemDisk(folder, packages) {
  const programs = runtimes();
  const hash = createHash("sha256").update(`${LAYOUT} ${packages.stamp}`);
  for (const [name, path] of Object.entries(programs)) {
    const version = ask(path, name === "zig" ? "version" : "--version");
    hash.update(`${name} ${version} ${statSync(path).size}\n`);
  }
  const image = join(folder, `system-${hash.digest("hex").slice(0, 16)}.img`);
  if (existsSync(image)) return image;
  console.error("emulated: making the machine's disk");
  for (const name of readdirSync(folder)) {
    if (name.startsWith("system-") && name.endsWith(".img")) rmSync(join(folder, name));
  }
  const root = join(folder, `system-${process.pid}`);
  try {
    cpSync(packages.there, root, { recursive: true, verbatimSymlinks: true });
    completeRoot(root);
    copyModules(root);
    mkdirSync(join(root, "usr/local/bin"), { recursive: true });
    for (const [name, path] of Object.entries(programs)) {
      const copy = join(root, "usr/local/bin", name);
      if (name === "zig") copyZig(path, root, copy);
      else copyFileSync(path, copy);
    }
    makeDisk(packages.mke2fs, `${root}.img`, root, 3072);
    renameSync(`${root}.img`, image);
  } finally {
    rmSync(root, { recursive: true, force: true });
    rmSync(`${root}.img`, { force: true });
  }
  return image;
}

/** What the machine has no use for. Folders that git ignores are only taken by name. */
const LEFT = new Set([".git", ".tools", ".zig-cache", ".emulated", "node_modules"]);

/** The second disk: the project, and the command to run. */
export function projectDisk(folder, packages, command) {
  const root = join(folder, "project");
  for (const name of readdirSync(ROOT)) {
    if (LEFT.has(name)) continue;
    cpSync(join(ROOT, name), join(root, name), {
      recursive: true,
      filter: (path) => !path.endsWith("/node_modules"),
    });
  }
  symlinkSync("/opt/node_modules", join(root, "node_modules"));
  mkdirSync(join(root, ".emulated"));
  copyFileSync(`${HERE}second`, join(root, ".emulated/second"));
  chmodSync(join(root, ".emulated/second"), 0o755);
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  writeFileSync(join(root, ".emulated/command"), `exec ${quoted}\n`);
  const image = join(folder, "project.img");
  makeDisk(packages.mke2fs, image, root, 1024);
  return image;
}

/** The initial memory disk: what it takes to reach the first disk. */
export function memoryDisk(folder, packages) {
  const root = join(folder, "memory");
  for (const name of ["bin", "dev", "proc", "root"]) {
    mkdirSync(join(root, name), { recursive: true });
  }
  const busybox = join(packages.there, "usr/bin/busybox");
  copyFileSync(busybox, join(root, "bin/busybox"));
  copyFileSync(`${HERE}init`, join(root, "init"));
  for (const name of ["init", "bin/busybox"]) chmodSync(join(root, name), 0o755);
  const module = execFileSync(busybox, ["xzcat", packages.disk], { maxBuffer: 1 << 26 });
  writeFileSync(join(root, "virtio_blk.ko"), module);
  const files = ["bin", "bin/busybox", "dev", "init", "proc", "root", "virtio_blk.ko"];
  const image = join(folder, "memory.cpio");
  const archive = execFileSync(busybox, ["cpio", "-o", "-H", "newc", "-R", "0:0"], {
    cwd: root,
    input: `${files.join("\n")}\n`,
    stdio: ["pipe", "pipe", "ignore"],
    maxBuffer: 1 << 26,
  });
  writeFileSync(image, archive);
  return image;
}
