/**
 * A stand-in for JSR on loopback: takes what `deno publish` sends, and serves it the way
 * the registry does, so that what Deno runs is what was published, rewritten specifiers and all.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { entriesOf } from "./tar.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

interface Published {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
}

/** One package of one version, once it was published. */
export class Jsr {
  readonly #server: Server;
  readonly #name: string;
  #published: Published | undefined;
  /** `127.0.0.1:PORT`. */
  host = "";

  private constructor(name: string) {
    this.#name = name;
    this.#server = createServer((request, response) => {
      this.#answer(request).then((answer) => {
        if (answer === undefined) response.writeHead(404).end("{}");
        else response.writeHead(200, { "content-type": answer.type }).end(answer.body);
      }, (error) => response.writeHead(500).end(String(error)));
    });
  }

  /** Starts it, for a package of that name. */
  static async start(name: string): Promise<Jsr> {
    const jsr = new Jsr(name);
    await new Promise<void>((resolve) => jsr.#server.listen(0, "127.0.0.1", resolve));
    jsr.host = `127.0.0.1:${(jsr.#server.address() as AddressInfo).port}`;
    return jsr;
  }

  /** What tells Deno of it. */
  get variables(): Record<string, string> {
    return { JSR_URL: `http://${this.host}/` };
  }

  /** Paths of the published files, each with a slash before it. */
  get files(): ReadonlyMap<string, Uint8Array> {
    return this.#published?.files ?? new Map();
  }

  /** Ends it. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(
    request: IncomingMessage,
  ): Promise<{ type: string; body: Uint8Array | string } | undefined> {
    const path = (request.url ?? "").split("?")[0] as string;
    const json = (value: unknown) => ({ type: "application/json", body: JSON.stringify(value) });
    const [scope, name] = this.#name.slice(1).split("/") as [string, string];
    const api = `/api/scopes/${scope}/packages/${name}`;
    if (path === api) return json({ scope, name });
    if (request.method === "POST" && path.startsWith(`${api}/versions/`)) {
      const version = path.slice(`${api}/versions/`.length);
      this.#published = read(await bodyOf(request), version);
      return json({ id: "1", status: "success", packageScope: scope, packageName: name });
    }
    const published = this.#published;
    if (published === undefined) return undefined;
    const { version, exports, files } = published;
    if (path === `/${this.#name}/meta.json`) {
      return json({ scope, name, latest: version, versions: { [version]: {} } });
    }
    if (path === `/${this.#name}/${version}_meta.json`) {
      const manifest = Object.fromEntries(
        [...files].map(([path, bytes]) => [
          path,
          { size: bytes.length, checksum: `sha256-${sha256(bytes)}` },
        ]),
      );
      return json({ manifest, exports });
    }
    const file = files.get(path.slice(`/${this.#name}/${version}`.length));
    return file && { type: path.endsWith(".ts") ? "text/typescript" : "text/plain", body: file };
  }
}

function read(tarball: Uint8Array, version: string): Published {
  const files = new Map(
    entriesOf(gunzipSync(tarball)).map(({ path, bytes }) => [path.replace(/^\.?\/?/, "/"), bytes]),
  );
  const manifest = JSON.parse(new TextDecoder().decode(files.get("/deno.json")));
  const { exports } = manifest;
  return { files, version, exports: typeof exports === "string" ? { ".": exports } : exports };
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}
