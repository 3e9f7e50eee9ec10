/**
 * A Worker in workerd, on loopback.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { patience } from "../../support/child.ts";

/** Before this date Workers have no FinalizationRegistry; nothing else of it matters. */
const COMPATIBILITY_DATE = "2025-06-01";

/** Starts workerd with the Worker `main.mjs` of a folder, and gives `use` its address. */
export async function withWorkerd<T>(
  workerd: string,
  folder: string,
  modules: readonly string[],
  use: (origin: string) => Promise<T>,
): Promise<T> {
  const list = modules.map((name) => {
    const kind = name.endsWith(".wasm") ? "wasm" : "esModule";
    return `(name = "${name}", ${kind} = embed "${name}")`;
  });
  const config = join(folder, "config.capnp");
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [${list.join(", ")}],
  compatibilityDate = "${COMPATIBILITY_DATE}",
);
`,
  );
  const port = await freePort();
  const child = spawn(workerd, ["serve", config, `--socket-addr=http=127.0.0.1:${port}`], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text: unknown) => void (said += String(text)));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    const origin = `http://127.0.0.1:${port}/`;
    await untilAnswered(origin, () => child.exitCode !== null);
    return await use(origin);
  } catch (cause) {
    throw new Error(`workerd: ${cause}\n${said}`, { cause });
  } finally {
    child.kill();
    await ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilAnswered(origin: string, gone: () => boolean): Promise<void> {
  const end = Date.now() + patience(20_000);
  for (;;) {
    try {
      await (await fetch(`${origin}ready`)).body?.cancel();
      return;
    } catch (cause) {
      if (gone() || Date.now() > end) throw cause;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
