/**
 * The emulated machine: boots it with a command, and waits for its end.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryDisk, projectDisk, systemDisk } from "./images.mjs";
import { findPackages } from "./packages.mjs";
import { ROOT } from "../toolchain.mjs";

const FOLDER = process.env.SECUREMEMORY_EMULATED ?? `${ROOT}.tools/emulated`;

function commandLine(packages, disks, options) {
  const drive = (file, id) => [
    ...["-drive", `file=${file},if=none,format=raw,snapshot=on,cache=unsafe,id=${id}`],
    ...["-device", `virtio-blk-pci,drive=${id}`],
  ];
  const port = (nr) => [
    ...["-chardev", `socket,id=port${nr},fd=${nr + 2}`],
    ...["-device", `virtserialport,chardev=port${nr},nr=${nr}`],
  ];
  // One instruction is one nanosecond of the machine, and one tick of its counter. That
  // takes one processor, and one thread here.
  const accelerator = options.icount
    ? ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-smp", "1"]
    : ["-accel", "tcg,thread=multi", "-smp", options.cpus];
  const append =
    "console=ttyS0 quiet panic=-1 secretmem.enable=1 mitigations=off cryptomgr.notests";
  return [
    ...packages.qemu,
    ...[...accelerator, "-cpu", options.cpu],
    ...["-m", options.memory, "-nodefaults", "-no-user-config", "-display", "none"],
    ...["-no-reboot", "-serial", "stdio"],
    ...["-kernel", packages.kernel, "-initrd", disks.memory],
    ...["-append", `${append} ${options.append}`],
    ...[...drive(disks.system, "system"), ...drive(disks.project, "project")],
    ...["-device", "virtio-serial-pci", ...port(1), ...port(2), ...port(3), ...port(4)],
  ];
}

/** All that a stream says, as text. */
async function textOf(stream) {
  let text = "";
  for await (const part of stream.setEncoding("utf8")) text += part;
  return text;
}

/**
 * What the machine is made of, downloaded and built where it is not there yet.
 *
 * @throws {Unavailable} If it cannot be had here.
 */
export function findMachine() {
  mkdirSync(FOLDER, { recursive: true });
  const packages = findPackages(FOLDER);
  return { packages, system: systemDisk(FOLDER, packages) };
}

/**
 * Times that QEMU may end by a signal of its own. Its threads fail an assertion of theirs at
 * times ("iotlb_to_section"), which says nothing of the command: that begins anew.
 */
const CRASHES = 2;

/** Boots the machine; resolves to the exit status of the command. */
export async function emulate(command, options = {}) {
  const all = { ...DEFAULTS, ...options };
  const { packages, system } = findMachine();
  const folder = mkdtempSync(join(tmpdir(), "securememory-emulated-"));
  try {
    const disks = {
      system,
      project: projectDisk(folder, packages, command),
      memory: memoryDisk(folder, packages),
    };
    for (let left = CRASHES;; left--) {
      const { status, signal } = await boot(commandLine(packages, disks, all), all);
      if (signal === null || left === 0) return status;
      console.error(`emulated: QEMU ended by ${signal}; the machine starts anew`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What ends this process ends the machine. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** The exit status of the command, and the signal that QEMU ended by, if it did before that. */
async function boot([program, ...args], options) {
  const machine = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe", ...Array(4).fill("pipe")],
  });
  const stop = () => machine.kill("SIGKILL");
  const leave = () => process.exit(130);
  process.once("exit", stop);
  for (const signal of SIGNALS) process.once(signal, leave);
  let late = false;
  const timer = options.timeout === undefined ? undefined : setTimeout(() => {
    late = true;
    stop();
  }, Number(options.timeout) * 1000);
  const [, console_, errors, out, err, status, archive] = machine.stdio;
  out.pipe(options.output ?? process.stdout, { end: false });
  err.pipe(options.output ?? process.stderr, { end: false });
  if (options.verbose) console_.pipe(process.stderr, { end: false });
  const tar = options.out === undefined ? undefined : unpackInto(options.out);
  if (tar === undefined) archive.resume();
  else archive.pipe(tar.stdin);
  const ended = new Promise((resolve, reject) => {
    machine.once("error", reject);
    machine.once("close", (_, signal) => resolve(signal));
  });
  const [said, log, complaint, signal] = await Promise.all([
    ...[textOf(status), textOf(console_), textOf(errors)],
    ended,
    tar?.ended,
  ]);
  clearTimeout(timer);
  process.removeListener("exit", stop);
  for (const signal of SIGNALS) process.removeListener(signal, leave);
  if (late) {
    console.error(`emulated: ended after ${options.timeout} s`);
    return { status: 124, signal: null };
  }
  if (/^\d+$/.test(said.trim())) return { status: Number(said), signal: null };
  console.error(`emulated: the machine ended without a status\n${complaint}${log.slice(-4000)}`);
  return { status: 125, signal };
}

/** A tar that unpacks what it is given. */
function unpackInto(folder) {
  mkdirSync(folder, { recursive: true });
  const tar = spawn("tar", ["-x", "--no-same-owner", "-f", "-"], {
    cwd: folder,
    stdio: ["pipe", "inherit", "inherit"],
  });
  tar.stdin.on("error", () => {}); // a machine that ended early; its status says so
  const ended = new Promise((resolve, reject) => {
    tar.once("error", reject);
    tar.once("close", resolve);
  });
  return { stdin: tar.stdin, ended };
}

const DEFAULTS = {
  memory: "3072",
  cpus: "2",
  cpu: "max",
  append: "",
  icount: false,
  verbose: false,
};
