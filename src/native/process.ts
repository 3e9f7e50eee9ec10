/**
 * The few parts of the `process` global that all three runtimes have, typed here so
 * that the library's types need none of the runtimes' own.
 *
 * @module
 */

/** What is used of the `process` global. */
export interface Process {
  readonly versions: { readonly [name: string]: string | undefined };
  readonly env: { [name: string]: string | undefined };
  readonly platform: string;
  readonly arch: string;
  readonly argv: readonly string[];
  exitCode?: unknown;
  readonly permission?: { has(scope: string, reference?: string): boolean };
  getBuiltinModule(name: string): unknown;
  geteuid?(): number;
  /** Loads a module of Node-API: fills `module.exports`. */
  dlopen(module: { exports: unknown }, path: string): void;
}

/**
 * The `process` global, or `undefined` where there is none (a browser, say). Looked up when it is
 * needed: Deno takes 10 ms to make it.
 */
export function hostProcess(): Process | undefined {
  return (globalThis as { process?: Process }).process;
}

const OPERATING_SYSTEMS: { readonly [platform: string]: string } = {
  darwin: "macos",
  win32: "windows",
};

const ARCHITECTURES: { readonly [arch: string]: string } = { x64: "x86_64", arm64: "aarch64" };

/** The operating system and processor, by the names that our libraries' folders have. */
export function platform(of: Process): { os: string; arch: string } {
  return {
    os: OPERATING_SYSTEMS[of.platform] ?? of.platform,
    arch: ARCHITECTURES[of.arch] ?? of.arch,
  };
}

/** The path of a file URL. `node:url` does the same, and takes Bun 1.5 ms to load. */
export function pathOf(url: URL, os: string): string {
  const path = decodeURIComponent(url.pathname);
  return os === "windows" ? path.slice(1) : path;
}
