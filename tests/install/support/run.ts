/**
 * Commands as a user would type them, in an environment that knows nothing of this
 * machine's settings: no configuration of npm, no cache, no registry but the one on loopback.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { patience, ROOT } from "../../support/child.ts";

interface Programs {
  findBun(): string | undefined;
  findDeno(): string | undefined;
  findNode(): string | undefined;
}

const programs: Programs = await import(
  new URL("../../../scripts/toolchain.mjs", import.meta.url).href
);

/** Node 26, which runs what is installed, and the tools that install it. */
export const NODE: string = programs.findNode() ?? process.execPath;

/** How a command ended. */
export interface Ran {
  /** As a user would type it. */
  readonly command: string;
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An empty home, and a search path with the three runtimes, npm and pnpm. */
export function surroundings(home: string): Record<string, string> {
  const bin = join(home, "bin");
  mkdirSync(bin, { recursive: true });
  const found = {
    node: NODE,
    bun: programs.findBun(),
    bunx: programs.findBun(),
    deno: programs.findDeno(),
  };
  for (const [name, path] of Object.entries(found)) {
    if (path !== undefined) symlinkSync(path, join(bin, name));
  }
  const pnpm = join(toolOf("pnpm"), "bin/pnpm.mjs");
  writeFileSync(join(bin, "pnpm"), `#!/bin/sh\nexec node "${pnpm}" "$@"\n`, { mode: 0o755 });
  return {
    PATH: [bin, ...(process.env.PATH ?? "").split(delimiter)].join(delimiter),
    HOME: home,
    TMPDIR: process.env.TMPDIR ?? "/tmp",
    DENO_DIR: join(home, "deno"),
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
    CI: "1",
    npm_config_cache: join(home, "npm"),
    npm_config_update_notifier: "false",
    npm_config_fund: "false",
    npm_config_audit: "false",
  };
}

/** Runs a command line, whose words have no spaces, and waits for its end. */
export function run(
  command: string,
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Ran> {
  const [program, ...args] = command.split(" ") as [string, ...string[]];
  // In a group of its own, so that what it starts ends with it.
  const child = spawn(program, args, {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text) => stderr += text);
  const timer = setTimeout(() => process.kill(-(child.pid as number), "SIGKILL"), patience(60_000));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => {
      clearTimeout(timer);
      resolve({ command, status, signal, stdout, stderr });
    });
  });
}

/** The folder of a tool that npm installed for this project. */
export function toolOf(name: string): string {
  return dirname(join(ROOT, "node_modules", name, "package.json"));
}
