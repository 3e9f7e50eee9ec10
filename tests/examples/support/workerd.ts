/**
 * Workers of examples in workerd, as `npx esbuild` and `npx workerd serve` would start them.
 *
 * @module
 */
import { copyFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { build } from "esbuild";
import { ROOT } from "../../support/child.ts";
import { withFolder } from "../../support/native.ts";
import type { Given } from "./runtimes.ts";
import { serve, type Server } from "./server.ts";

/** The program of this platform, which the package `workerd` depends on. */
function program(): string {
  const names: Readonly<Record<string, string>> = {
    "linux-x64": "linux-64",
    "linux-arm64": "linux-arm64",
    "darwin-x64": "darwin-64",
    "darwin-arm64": "darwin-arm64",
    "win32-x64": "windows-64",
  };
  const name = names[`${process.platform}-${process.arch}`];
  const require = createRequire(createRequire(import.meta.url).resolve("workerd/package.json"));
  return require.resolve(`@cloudflare/workerd-${name}/bin/workerd`);
}

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
      outfile: join(folder, "worker.js"),
      logLevel: "warning",
    });
    const config = join(folder, "workerd.capnp");
    copyFileSync(join(ROOT, path, "workerd.capnp"), config);
    // On another port than the configuration's, and said on standard output.
    const flags = ["--socket-addr=http=127.0.0.1:0", "--control-fd=1"];
    const command = [program(), "serve", config, ...flags];
    await using server = await serve(command, given, /"event":"listen".*?"port":(\d+)/);
    await use(server);
  });
}
