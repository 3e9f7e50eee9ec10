/**
 * Workers of examples in workerd, as `npx esbuild` and `npx workerd serve` would start them.
 *
 * @module
 */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { workerdPath } from "../../edge/support/tools.ts";
import { ROOT } from "../../support/child.ts";
import { withFolder } from "../../support/native.ts";
import { unless } from "../../support/skip.ts";
import type { Given } from "./runtimes.ts";
import { serve, type Server } from "./server.ts";

/** What a package from npm has for the condition `workerd`; plain JavaScript, without types. */
const { edgeModules }: { edgeModules(condition: string): Plugin } = await import(
  new URL("../../../scripts/pack/edge.mjs", import.meta.url).href
);

const program = workerdPath();

/** The option `skip` of a test that needs workerd. */
export const withoutWorkerd: string | false = unless(
  "workerd",
  program !== undefined,
  "the package workerd is not installed, or not made for this platform",
);

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
      outdir: folder,
      plugins: [edgeModules("workerd")],
      logLevel: "warning",
    });
    copyFileSync(join(ROOT, "lib/wasm/securememory.wasm"), join(folder, "securememory.wasm"));
    const config = join(folder, "workerd.capnp");
    copyFileSync(join(ROOT, path, "workerd.capnp"), config);
    // On another port than the configuration's, and said on standard output.
    const flags = ["--socket-addr=http=127.0.0.1:0", "--control-fd=1"];
    const command = [program as string, "serve", config, ...flags];
    await using server = await serve(command, given, /"event":"listen".*?"port":(\d+)/);
    await use(server);
  });
}
