/** A copy of the checkout to mutate: the checkout itself is only read. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { ROOT } from "../toolchain.mjs";

/** What is installed, not built: too large to copy, and never written to. */
const LINKED = ["node_modules", ".tools", "scripts/toolchain/node_modules"];

/** The files of the checkout as they stand, committed or not. */
export function sourceFiles() {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  return listed.split("\0").filter((path) =>
    path !== "" && !LINKED.includes(path) && existsSync(ROOT + path)
  );
}

/** One value for the content of files. */
export function hashOf(files) {
  const hash = createHash("sha256");
  for (const path of files) hash.update(`${path}\0`).update(readFileSync(ROOT + path)).update("\0");
  return hash.digest("hex").slice(0, 16);
}

/** Makes the copy. It is gone when this process ends, however that comes about. */
export function makeCopy() {
  const folder = mkdtempSync(join(tmpdir(), "securememory-mutation-"));
  // Some tests run as an ordinary user, who has to be able to read this.
  chmodSync(folder, 0o755);
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1));
  for (const path of sourceFiles()) cpSync(ROOT + path, join(folder, path));
  for (const path of LINKED) {
    if (!existsSync(ROOT + path)) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(ROOT + path, join(folder, path));
  }
  return folder;
}
