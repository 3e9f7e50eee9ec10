/**
 * Workers of examples in workerd, as `npx esbuild` and `npx workerd serve` would start them.
 *
 * @module
 */
import { copyFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { build, type Plugin } from "esbuild";
import { ROOT } from "../../support/child.ts";
import { withFolder } from "../../support/native.ts";
import { unless } from "../../support/skip.ts";
import type { Given } from "./runtimes.ts";
import { serve, type Server } from "./server.ts";

/** The program of this platform, which the package `workerd` depends on. */
function findProgram(): string | undefined {
  const names: Readonly<Record<string, string>> = {
    "linux-x64": "linux-64",
    "linux-arm64": "linux-arm64",
    "darwin-x64": "darwin-64",
    "darwin-arm64": "darwin-arm64",
    "win32-x64": "windows-64",
  };
  const name = names[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  const require = createRequire(createRequire(import.meta.url).resolve("workerd/package.json"));
  const exe = process.platform === "win32" ? ".exe" : "";
  return require.resolve(`@cloudflare/workerd-${name}/bin/workerd${exe}`);
}

const program = findProgram();

/** The option `skip` of a test that needs workerd. */
export const withoutWorkerd: string | false = unless(
  "workerd",
  program !== undefined,
  `workerd is not made for ${process.platform} on ${process.arch}`,
);

/** What the package from npm has for the condition `workerd`, and a clone has not in that place. */
const packaged: Plugin = {
  name: "packaged",
  setup(building) {
    building.onResolve(
      { filter: /\/edge\/module\.ts$|^\.\/module\.ts$/ },
      ({ resolveDir }) =>
        resolveDir.endsWith("edge")
          ? { path: join(ROOT, "src/edge/module_workerd.ts") }
          : undefined,
    );
    building.onResolve({ filter: /\/securememory\.wasm$/ }, () => ({
      path: join(ROOT, "lib/wasm/securememory.wasm"),
    }));
  },
};

/** Serves `workerd.ts` of a folder with the `workerd.capnp` beside it, for as long as `use` takes. */
export function withWorkerd(
  path: string,
  given: Given,
  use: (server: Server) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    await build({
      absWorkingDir: ROOT,
      entryPoints: [join(path, "workerd.ts")],
      bundle: true,
      format: "esm",
      conditions: ["workerd"],
      loader: { ".wasm": "copy" },
      assetNames: "[name]",
      outdir: folder,
      plugins: [packaged],
      logLevel: "warning",
    });
    const config = join(folder, "workerd.capnp");
    copyFileSync(join(ROOT, path, "workerd.capnp"), config);
    // On another port than the configuration's, and said on standard output.
    const flags = ["--socket-addr=http=127.0.0.1:0", "--control-fd=1"];
    const command = [program as string, "serve", config, ...flags];
    await using server = await serve(command, given, /"event":"listen".*?"port":(\d+)/);
    await use(server);
  });
}
