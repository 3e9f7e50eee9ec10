/**
 * A stand-in for the npm registry: Verdaccio, in a process of its own.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NODE, run } from "./run.ts";
import type { Packed } from "./packed.ts";

const CHILD = fileURLToPath(new URL("registry_child.mjs", import.meta.url));

/** A registry for npm packages on loopback, which has what was published to it. */
export class Registry {
  readonly #child: ChildProcess;
  /** With a slash at its end. */
  readonly url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Starts it, with its storage in a folder. */
  static async start(folder: string): Promise<Registry> {
    const child = spawn(NODE, [CHILD, folder], { stdio: ["pipe", "pipe", "inherit"] });
    const url = await new Promise<string>((resolve, reject) => {
      let text = "";
      child.once("exit", (status) => reject(new Error(`The registry ended with ${status}`)));
      child.stdout?.setEncoding("utf8").on("data", (part) => {
        text += part;
        const line = /^http:\S+/m.exec(text)?.[0];
        if (line !== undefined) resolve(line);
      });
    });
    return new Registry(child, url);
  }

  /** What tells npm, Bun, Deno and pnpm of it. */
  get variables(): Record<string, string> {
    return { npm_config_registry: this.url, NPM_CONFIG_REGISTRY: this.url };
  }

  /** Publishes a tarball as a user of the registry would. */
  async publish({ tarball }: Packed, home: string, env: Record<string, string>): Promise<void> {
    const user = { name: "publisher", password: "of-this-test-only" };
    const answer = await fetch(`${this.url}-/user/org.couchdb.user:${user.name}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(user),
    });
    const { token } = await answer.json();
    const settings = join(home, "publisher.npmrc");
    writeFileSync(settings, `${this.url.replace("http:", "")}:_authToken=${token}\n`);
    const done = await run(`npm publish ${tarball} --access=public --userconfig=${settings}`, {
      cwd: home,
      env: { ...env, ...this.variables },
    });
    if (done.status !== 0) throw new Error(`Cannot publish: ${done.stderr}`);
  }

  /** Ends it. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin?.end();
    await ended;
  }
}
